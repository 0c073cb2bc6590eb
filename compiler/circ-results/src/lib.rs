//! Results as files that other programs open, and as pictures.
//!
//! In: the tables of a run, and data of it. Out: `.npz`, `.parquet`, SONATA and NWB files; pictures as SVG and PNG; a report as one
//! page. Nothing here looks at a clock or draws at random: the same run gives the same bytes.

mod axis;
mod colour;
pub mod column;
pub mod convert;
pub mod diagram;
mod hdf5;
mod histogram;
mod npz;
mod nwb;
mod parquet_file;
pub mod picture;
pub mod png;
mod raster;
pub mod report;
mod series;
mod sonata;
mod svg;
mod sweep;
mod trace;
