//! Parquet: `trials.parquet` and `reports.parquet`, with a type for each column and nulls where there is no value.
//!
//! Rows are gathered by column until there are enough for a row group, which is then written: memory is bounded, whatever the number
//! of reports.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::column::{Columns, Kind};
use super::draft::{self, Draft, OutputFile};
use super::source::Source;
use super::table::{
    ATTRIBUTE, CONFIG, Cell, Field, OTHER_ATTRIBUTES, OTHER_CONFIG, OTHER_SEARCHER_INFO, SEARCHER, report_fields,
    trial_fields,
};
use super::{ExportError, Written};
use crate::space::Value;

/// How many rows a row group has at most.
const GROUP_ROWS_MAX: usize = 1 << 16;
/// How much memory the rows of a group take before they are written.
const GROUP_BYTES_MAX: usize = 32 << 20;

/// Writes both tables.
pub(super) fn write(source: &Source<'_>, draft: &Draft) -> Result<Written, ExportError> {
    let configs = source.configs();
    let mut heads = fixed_heads(&trial_fields());
    heads.extend(named_heads(CONFIG, OTHER_CONFIG, configs));
    let mut table = Table::create(draft.file("trials.parquet")?, &heads, source)?;
    let mut trials = 0;
    for row in source.trials() {
        trials += 1;
        table.fields(&trial_fields(), &row);
        table.values(configs, row.record.config.iter());
        table.end_row()?;
    }
    table.close()?;

    let (attributes, searcher_info) = (source.attributes(), source.searcher_info());
    let mut heads = fixed_heads(&report_fields());
    heads.extend(named_heads(ATTRIBUTE, OTHER_ATTRIBUTES, attributes));
    heads.extend(named_heads(SEARCHER, OTHER_SEARCHER_INFO, searcher_info));
    let mut table = Table::create(draft.file("reports.parquet")?, &heads, source)?;
    let reports = source.each_report(|row| {
        table.fields(&report_fields(), row);
        table.values(attributes, row.pairs());
        table.values(searcher_info, row.searcher_pairs());
        table.end_row()
    })?;
    table.close()?;
    Ok(Written { trials, reports, notes: Vec::new() })
}

/// The head of a column.
struct Head {
    name: String,
    kind: Kind,
    is_optional: bool,
}

fn fixed_heads<Row>(fields: &[Field<Row>]) -> Vec<Head> {
    let head =
        |field: &Field<Row>| Head { name: field.name.to_owned(), kind: field.kind, is_optional: field.is_optional };
    fields.iter().map(head).collect()
}

fn named_heads(prefix: &str, others: &str, columns: &Columns) -> Vec<Head> {
    let head = |name, kind| Head { name, kind, is_optional: true };
    let mut heads: Vec<Head> =
        columns.all().iter().map(|column| head(format!("{prefix}{}", column.name), column.kind())).collect();
    if columns.has_others() {
        heads.push(head(others.to_owned(), Kind::Json));
    }
    heads
}

impl Head {
    fn schema(&self) -> Result<Type, parquet::errors::ParquetError> {
        let integer = |is_signed| Some(LogicalType::integer(64, is_signed));
        let (physical, logical) = match self.kind {
            Kind::Natural => (Physical::INT64, integer(false)),
            Kind::Integer => (Physical::INT64, integer(true)),
            Kind::Real => (Physical::DOUBLE, None),
            Kind::Boolean => (Physical::BOOLEAN, None),
            // JSON as a text, which every reader has.
            Kind::Text | Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let repetition = if self.is_optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        Type::primitive_type_builder(&self.name, physical)
            .with_logical_type(logical)
            .with_repetition(repetition)
            .build()
    }

    fn buffer(&self) -> Buffer {
        let cells = match self.kind {
            Kind::Natural | Kind::Integer => Cells::Integers(Vec::new()),
            Kind::Real => Cells::Reals(Vec::new()),
            Kind::Boolean => Cells::Booleans(Vec::new()),
            Kind::Text | Kind::Json => Cells::Texts(Vec::new()),
        };
        Buffer { kind: self.kind, is_optional: self.is_optional, levels: Vec::new(), cells }
    }
}

/// The cells of a column that are not written yet.
struct Buffer {
    kind: Kind,
    is_optional: bool,
    /// 1 for a row with a value, 0 for one without.
    levels: Vec<i16>,
    cells: Cells,
}

enum Cells {
    Integers(Vec<i64>),
    Reals(Vec<f64>),
    Booleans(Vec<bool>),
    Texts(Vec<ByteArray>),
}

impl Buffer {
    /// Takes a cell of its kind, and says how much memory that takes. One of another kind counts as missing.
    fn take(&mut self, cell: Cell<'_>) -> usize {
        let fits = match (&mut self.cells, cell) {
            // Readers are told that these 64 bits have no sign.
            (Cells::Integers(cells), Cell::Natural(number)) => {
                cells.push(number.cast_signed());
                Some(8)
            }
            (Cells::Reals(cells), Cell::Real(real)) => {
                cells.push(real);
                Some(8)
            }
            (Cells::Booleans(cells), Cell::Boolean(boolean)) => {
                cells.push(boolean);
                Some(1)
            }
            (Cells::Texts(cells), Cell::Text(text)) => {
                let bytes = size_of::<ByteArray>() + text.len();
                cells.push(ByteArray::from(text.into_owned().into_bytes()));
                Some(bytes)
            }
            _ => None,
        };
        self.level(fits)
    }

    fn take_value(&mut self, value: Option<&Value>) -> usize {
        let cell = match (value, self.kind) {
            (None, _) => Cell::Missing,
            (Some(value), Kind::Json) => {
                serde_json::to_string(value).map_or(Cell::Missing, |json| Cell::Text(Cow::Owned(json)))
            }
            (Some(Value::Integer(integer)), Kind::Integer) => {
                let Cells::Integers(cells) = &mut self.cells else { return self.level(None) };
                cells.push(*integer);
                return self.level(Some(8));
            }
            (Some(Value::Integer(integer)), _) => Cell::Real(*integer as f64),
            (Some(Value::Real(real)), _) => Cell::Real(*real),
            (Some(Value::Boolean(boolean)), _) => Cell::Boolean(*boolean),
            (Some(Value::Text(text)), _) => Cell::Text(Cow::Borrowed(text)),
        };
        self.take(cell)
    }

    fn level(&mut self, bytes: Option<usize>) -> usize {
        self.levels.push(i16::from(bytes.is_some()));
        bytes.unwrap_or(0) + size_of::<i16>()
    }

    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), parquet::errors::ParquetError> {
        let levels = self.is_optional.then_some(self.levels.as_slice());
        match &mut self.cells {
            Cells::Integers(cells) => {
                column.typed::<Int64Type>().write_batch(cells, levels, None)?;
                cells.clear();
            }
            Cells::Reals(cells) => {
                column.typed::<DoubleType>().write_batch(cells, levels, None)?;
                cells.clear();
            }
            Cells::Booleans(cells) => {
                column.typed::<BoolType>().write_batch(cells, levels, None)?;
                cells.clear();
            }
            Cells::Texts(cells) => {
                column.typed::<ByteArrayType>().write_batch(cells, levels, None)?;
                cells.clear();
            }
        }
        self.levels.clear();
        Ok(())
    }
}

/// A file of rows.
struct Table {
    path: PathBuf,
    writer: SerializedFileWriter<std::io::BufWriter<std::fs::File>>,
    buffers: Vec<Buffer>,
    /// The column that takes the next cell.
    next: usize,
    rows: usize,
    bytes: usize,
}

impl Table {
    fn create(file: OutputFile, heads: &[Head], source: &Source<'_>) -> Result<Self, ExportError> {
        let (path, output) = file.into_parts();
        let made = || {
            let fields: Result<Vec<_>, _> = heads.iter().map(|head| head.schema().map(Arc::new)).collect();
            let schema = Type::group_type_builder("trialbox").with_fields(fields?).build()?;
            SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties(source)))
        };
        let writer = made().map_err(|error| ExportError::from_parquet(&path, error))?;
        let buffers = heads.iter().map(Head::buffer).collect();
        Ok(Self { path, writer, buffers, next: 0, rows: 0, bytes: 0 })
    }

    fn fields<Row>(&mut self, fields: &[Field<Row>], row: &Row) {
        for field in fields {
            self.put(|buffer| buffer.take((field.cell)(row)));
        }
    }

    fn values<'a>(&mut self, columns: &Columns, pairs: impl Iterator<Item = (&'a str, &'a Value)>) {
        let (values, others) = columns.spread(pairs);
        for value in values {
            self.put(|buffer| buffer.take_value(value));
        }
        if columns.has_others() {
            self.put(|buffer| buffer.take(others.map_or(Cell::Missing, |json| Cell::Text(Cow::Owned(json)))));
        }
    }

    fn put(&mut self, take: impl FnOnce(&mut Buffer) -> usize) {
        if let Some(buffer) = self.buffers.get_mut(self.next) {
            self.bytes += take(buffer);
        }
        self.next += 1;
    }

    fn end_row(&mut self) -> Result<(), ExportError> {
        self.next = 0;
        self.rows += 1;
        if self.rows == GROUP_ROWS_MAX || self.bytes >= GROUP_BYTES_MAX { self.end_group() } else { Ok(()) }
    }

    fn end_group(&mut self) -> Result<(), ExportError> {
        let mut write = || {
            let mut group = self.writer.next_row_group()?;
            for buffer in &mut self.buffers {
                let Some(mut column) = group.next_column()? else { break };
                buffer.write(&mut column)?;
                column.close()?;
            }
            group.close()?;
            Ok(())
        };
        write().map_err(|error| ExportError::from_parquet(&self.path, error))?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    fn close(mut self) -> Result<(), ExportError> {
        if self.rows > 0 {
            self.end_group()?;
        }
        let Self { path, writer, .. } = self;
        let output = writer.into_inner().map_err(|error| ExportError::from_parquet(&path, error))?;
        draft::close(&path, output)
    }
}

fn properties(source: &Source<'_>) -> WriterProperties {
    let pair = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let said = vec![
        pair("trialbox.study", source.spec().name.clone()),
        pair("trialbox.digest", source.digest().to_string()),
        pair("trialbox.release", source.spec().release.clone()),
    ];
    WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("trialbox {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(said))
        .build()
}
