//! Files and the data in them, as several formats have them: folders, tables, pictures, arrays and videos.

pub(crate) mod cameras;
pub(crate) mod columns;
pub(crate) mod contained;
pub(crate) mod folder;
pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod name_labels;
pub(crate) mod numpy;
pub(crate) mod picture;
pub(crate) mod source;
pub(crate) mod table;
pub(crate) mod times;
pub(crate) mod video;
