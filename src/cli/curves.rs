//! Reads a table of learning curves from a CSV file, gzipped or not. What its cells mean is decided in `simulation`.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder};
use flate2::read::MultiGzDecoder;

use super::error::CommandError;
use super::exit_code;
use crate::numeric::digest::Digest;
use crate::simulation::{Table, TableError, TableOptions, TableReader};
use crate::space::Space;
use crate::study::DataId;

/// How large a file may be, and what a gzipped one holds.
const BYTES_MAX: u64 = 1 << 30;
/// How many columns a table may have.
const COLUMNS_MAX: usize = 20_000;
/// How long a line may be: its cells are in memory all at once, where an empty one takes more than in the file.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// A text that fails when too much of it is read for a single line.
struct BoundedLines<R> {
    text: R,
    /// What was read since the last line was complete.
    since_line: Rc<Cell<u64>>,
}

impl<R: Read> Read for BoundedLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_line.get() > LINE_BYTES_MAX {
            let problem = format!("a line has more than {LINE_BYTES_MAX} bytes, or a quote is not closed");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
        }
        let count = self.text.read(buffer)?;
        self.since_line.set(self.since_line.get() + count as u64);
        Ok(count)
    }
}

/// A file in memory, with what tells it from others.
pub(super) struct CurvesFile<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
}

impl<'a> CurvesFile<'a> {
    /// Reads the file as it is.
    pub(super) fn read(path: &'a Path) -> Result<Self, CommandError> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes));
        let file = Self { path, bytes };
        match read {
            Err(error) => Err(file.failed(&format!("cannot be read: {error}"))),
            Ok(_) if file.bytes.len() as u64 > BYTES_MAX => Err(file.too_large()),
            Ok(_) => Ok(file),
        }
    }

    /// What the log of a study that uses it is a function of.
    pub(super) fn id(&self) -> DataId {
        DataId { digest: Digest::of(&self.bytes), bytes: self.bytes.len() as u64 }
    }

    /// The table that it holds, for studies of `space`.
    pub(super) fn table(&self, space: &Space, options: &TableOptions) -> Result<Table, CommandError> {
        const GZIP: &[u8] = &[0x1f, 0x8b];
        let bytes = Cursor::new(&self.bytes);
        if self.bytes.starts_with(GZIP) {
            // One byte more than there may be tells that there are too many.
            self.parse(MultiGzDecoder::new(bytes).take(BYTES_MAX + 1), space, options)
        } else {
            self.parse(bytes, space, options)
        }
    }

    fn parse(&self, text: impl Read, space: &Space, options: &TableOptions) -> Result<Table, CommandError> {
        let since_line = Rc::new(Cell::new(0));
        let text = BoundedLines { text, since_line: since_line.clone() };
        let mut lines = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(BufReader::new(text));
        let mut record = ByteRecord::new();
        let mut table: Option<TableReader> = None;
        loop {
            let is_there = lines.read_byte_record(&mut record).map_err(|error| self.unread(&error))?;
            if lines.position().byte() > BYTES_MAX {
                return Err(self.too_large());
            }
            if !is_there {
                break;
            }
            since_line.set(0);
            let line = record.position().map_or(0, csv::Position::line);
            if record.len() > COLUMNS_MAX {
                return Err(self.failed(&format!("line {line}: a table has at most {COLUMNS_MAX} columns")));
            }
            let cells: Result<Vec<&str>, _> = record.iter().map(std::str::from_utf8).collect();
            let Ok(mut cells) = cells else { return Err(self.failed(&format!("line {line}: it is not UTF-8"))) };
            match &mut table {
                Some(table) => table.push(line, &cells).map_err(|error| self.refused(&error))?,
                None => {
                    // Some programs mark a file as UTF-8.
                    if let Some(first) = cells.first_mut() {
                        *first = first.trim_start_matches('\u{feff}');
                    }
                    let reader = TableReader::new(space, options, &cells);
                    table = Some(reader.map_err(|error| self.refused(&error))?);
                }
            }
        }
        let Some(table) = table else { return Err(self.failed("it is empty")) };
        table.finish().map_err(|error| self.refused(&error))
    }

    fn unread(&self, error: &csv::Error) -> CommandError {
        match error.kind() {
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => self.failed(&error.to_string()),
            csv::ErrorKind::Io(error) => self.failed(&format!("it is damaged: {error}")).hint("make the file anew"),
            _ => self.failed(&error.to_string()),
        }
    }

    fn refused(&self, error: &TableError) -> CommandError {
        let command_error = self.failed(&error.to_string());
        match &error.hint {
            Some(hint) => command_error.hint(hint.clone()),
            None => command_error,
        }
    }

    fn too_large(&self) -> CommandError {
        self.failed(&format!("it holds more than {BYTES_MAX} bytes"))
    }

    fn failed(&self, problem: &str) -> CommandError {
        let (path, problem) = (self.path.display().to_string(), crate::output::sanitize::printable(problem, 500));
        let path = crate::output::sanitize::printable(&path, 500);
        CommandError::new(exit_code::COMPONENT, format!("the table `{path}`: {problem}"))
    }
}
