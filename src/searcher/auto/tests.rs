//! Tests of the searcher from inside.
