//! Format version 2 of study files: the mark that tells them from other databases, the tables, and the views for people.
//! Talks to SQLite only.

use std::fmt;

use rusqlite::{Connection, params};

/// What SQLite files of trialbox carry in their header: "trbx".
const APPLICATION_ID: i32 = 0x7472_6278;

/// The version of the format of study files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormatVersion(i32);

/// Why a file is no study that this release can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatProblem {
    /// It is no regular file.
    NotAFile,
    /// It is no SQLite database.
    NotADatabase,
    /// It is a database of something else.
    NotAStudy,
    /// A later release has written it.
    Newer(FormatVersion),
    /// An earlier release has written it.
    Older(FormatVersion),
}

/// The tables, indexes and views by name, in order of creation, with the text that SQLite keeps of each.
///
/// Columns of `event` beside its payload repeat parts of it, so that they can be indexed; a reader compares them. Artifacts
/// are cut in parts, because SQLite's values are bounded, and may belong to several trials. The study's inputs, its component and
/// its data, lie among them and belong to trial −1; what trial n has read back from the GPU does, too, and belongs to trial −2 − n.
const SCHEMA: &[(&str, &str)] = &[
    (
        "event",
        "CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    trial INTEGER,
    virtual_time INTEGER NOT NULL,
    payload TEXT NOT NULL,
    digest BLOB NOT NULL,
    wall_time_ms INTEGER NOT NULL
) STRICT",
    ),
    ("event_of_trial", "CREATE INDEX event_of_trial ON event (trial, sequence)"),
    (
        "log",
        "CREATE TABLE log (
    trial INTEGER NOT NULL,
    report INTEGER NOT NULL,
    fuel INTEGER NOT NULL,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (trial, position)
) STRICT",
    ),
    (
        "artifact",
        "CREATE TABLE artifact (
    digest BLOB NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (digest, part)
) STRICT",
    ),
    (
        "artifact_owner",
        "CREATE TABLE artifact_owner (
    trial INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (trial, digest)
) STRICT, WITHOUT ROWID",
    ),
    (
        "cached",
        "CREATE TABLE cached (
    trial INTEGER PRIMARY KEY,
    fuel INTEGER NOT NULL
) STRICT",
    ),
    (
        "reports",
        "CREATE VIEW reports AS
SELECT
    trial,
    row_number() OVER (PARTITION BY trial ORDER BY sequence) AS report,
    virtual_time,
    payload ->> '$.reported.fuel' AS fuel,
    (
        SELECT json_group_object(attribute.value ->> 'name', attribute.value -> 'value')
        FROM json_each(payload, '$.reported.report') AS attribute
    ) AS attributes,
    payload ->> '$.reported.decision' AS decision,
    (
        SELECT coalesce(job.payload ->> '$.trial_started.bracket', job.payload ->> '$.trial_resumed.bracket')
        FROM event AS job
        WHERE job.trial = event.trial AND job.sequence < event.sequence
            AND job.kind IN ('trial_started', 'trial_resumed')
        ORDER BY job.sequence DESC
        LIMIT 1
    ) AS bracket
FROM event
WHERE kind = 'reported'",
    ),
    (
        "trials",
        "CREATE VIEW trials AS
SELECT
    started.trial AS trial,
    started.payload ->> '$.trial_started.slot' AS slot,
    started.virtual_time AS start_time,
    ended.virtual_time AS end_time,
    ended.payload ->> '$.trial_ended.fuel' AS fuel,
    started.payload -> '$.trial_started.config' AS config,
    (
        SELECT count(*) FROM event AS reported
        WHERE reported.trial = started.trial AND reported.kind = 'reported'
    ) AS reports,
    (
        SELECT attribute.value ->> 'value'
        FROM event AS reported, json_each(reported.payload, '$.reported.report') AS attribute
        WHERE reported.trial = started.trial AND reported.kind = 'reported' AND attribute.value ->> 'name' = (
            SELECT payload ->> '$.study_started.spec.metrics.reward_attr' FROM event WHERE sequence = 0
        )
        ORDER BY reported.sequence DESC
        LIMIT 1
    ) AS reward,
    CASE json_type(ended.payload, '$.trial_ended.outcome')
        WHEN 'object' THEN (SELECT key FROM json_each(ended.payload, '$.trial_ended.outcome') LIMIT 1)
        ELSE ended.payload ->> '$.trial_ended.outcome'
    END AS outcome,
    CASE json_type(ended.payload, '$.trial_ended.outcome')
        WHEN 'object' THEN (SELECT value FROM json_each(ended.payload, '$.trial_ended.outcome') LIMIT 1)
    END AS outcome_detail,
    (
        SELECT job.payload ->> '$.trial_paused.level'
        FROM event AS job
        WHERE job.trial = started.trial AND job.kind IN ('trial_paused', 'trial_resumed', 'trial_ended')
        ORDER BY job.sequence DESC
        LIMIT 1
    ) AS paused_at
FROM event AS started
LEFT JOIN event AS ended ON ended.trial = started.trial AND ended.kind = 'trial_ended'
WHERE started.kind = 'trial_started'",
    ),
];

impl FormatVersion {
    /// The version that this release reads and writes.
    pub const CURRENT: Self = Self(2);

    /// Checks what a file's header says of it.
    fn check(application_id: i32, version: i32) -> Result<Self, FormatProblem> {
        let found = Self(version);
        match () {
            () if application_id != APPLICATION_ID || version < 1 => Err(FormatProblem::NotAStudy),
            () if found > Self::CURRENT => Err(FormatProblem::Newer(found)),
            () if found < Self::CURRENT => Err(FormatProblem::Older(found)),
            () => Ok(found),
        }
    }
}

impl FormatProblem {
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::NotAFile | Self::NotADatabase | Self::NotAStudy => "check the path",
            Self::Newer(_) => "use that release of trialbox, or a later one",
            Self::Older(_) => "use the release of trialbox that wrote it",
        }
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for FormatProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = FormatVersion::CURRENT;
        match self {
            Self::NotAFile => formatter.write_str("is not a regular file, so it is no study"),
            Self::NotADatabase => formatter.write_str("is not a study: it is no SQLite database"),
            Self::NotAStudy => formatter.write_str("is not a study: it is a database of another program"),
            Self::Newer(found) => {
                write!(
                    formatter,
                    "was written by a newer trialbox: its format is {found}, this release reads {current}"
                )
            }
            Self::Older(found) => {
                write!(
                    formatter,
                    "was written by an older trialbox: its format is {found}, this release reads {current}"
                )
            }
        }
    }
}

/// Makes the tables and views of an empty database and marks it as a study.
pub(super) fn write_schema(connection: &Connection) -> rusqlite::Result<()> {
    let mut statements = String::from("BEGIN IMMEDIATE;");
    for (_, statement) in SCHEMA {
        statements.push_str(statement);
        statements.push(';');
    }
    let version = FormatVersion::CURRENT;
    statements.push_str(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}; COMMIT;"));
    connection.execute_batch(&statements)
}

/// Reads the header's mark and version.
pub(super) fn read_version(connection: &Connection) -> rusqlite::Result<Result<FormatVersion, FormatProblem>> {
    let application_id = connection.query_row("PRAGMA application_id", (), |row| row.get(0))?;
    let version = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    Ok(FormatVersion::check(application_id, version))
}

/// The name of the first table or view that is not as this format has it, or of a trigger, which this format has not.
///
/// A file may come from anyone, and a definition can hold expressions that SQLite runs on every access.
pub(super) fn schema_difference(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut find = connection.prepare("SELECT count(*) FROM sqlite_schema WHERE name = ?1 AND sql = ?2")?;
    for &(name, statement) in SCHEMA {
        let found: i64 = find.query_row(params![name, statement], |row| row.get(0))?;
        if found != 1 {
            return Ok(Some(name.to_owned()));
        }
    }
    let mut triggers = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' LIMIT 1")?;
    let mut rows = triggers.query(())?;
    rows.next()?.map(|row| row.get(0)).transpose()
}
