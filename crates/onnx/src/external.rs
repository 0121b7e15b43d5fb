//! Weights that lie in files beside the graph's own.

use crate::proto::{GraphProto, ModelProto, TensorProto};
use anyhow::{Context as _, ensure};
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// Larger files are refused unread: a hundred million weights steer nothing in real time.
pub(crate) const MOST_BYTES: u64 = 512 << 20;

/// What `data_location` says of such weights.
const EXTERNAL: i32 = 1;

/// Puts weights that lie in other files of the folder into the model. Nothing outside the folder is read.
pub(crate) fn bring_in(model: &mut ModelProto, folder: Option<&Path>) -> anyhow::Result<()> {
    let mut files = Files { folder, read: BTreeMap::new(), bytes: 0 };
    match &mut model.graph {
        Some(graph) => of_graph(graph, &mut files),
        None => Ok(()),
    }
}

fn of_graph(graph: &mut GraphProto, files: &mut Files<'_>) -> anyhow::Result<()> {
    for tensor in &mut graph.initializer {
        of_tensor(tensor, files)?;
    }
    for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
        if let Some(tensor) = &mut attribute.t {
            of_tensor(tensor, files)?;
        }
        if let Some(inner) = &mut attribute.g {
            of_graph(inner, files)?;
        }
    }
    Ok(())
}

fn of_tensor(tensor: &mut TensorProto, files: &mut Files<'_>) -> anyhow::Result<()> {
    if tensor.data_location != EXTERNAL {
        return Ok(());
    }
    let name = tensor.name.clone();
    let entry =
        |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    let number = |key: &str| -> anyhow::Result<Option<usize>> {
        let expected = || format!("weights `{name}`: expected a number of bytes as `{key}`");
        entry(key).map(|text| text.parse().with_context(expected)).transpose()
    };
    let location =
        entry("location").with_context(|| format!("weights `{name}`: the file that they lie in is not told"))?;
    let (start, length) = (number("offset")?.unwrap_or(0), number("length")?);
    let bytes = files.bytes_of(location).with_context(|| format!("weights `{name}` lie in `{location}`"))?;
    let end = length.map_or(Some(bytes.len()), |length| start.checked_add(length));
    let part = end.and_then(|end| bytes.get(start..end)).with_context(|| {
        let length = length.map_or("the rest".into(), |length| format!("{length} bytes"));
        format!("weights `{name}`: expected {length} from {start} on in `{location}`, which has {}", bytes.len())
    })?;
    tensor.raw_data = Some(part.to_vec());
    tensor.data_location = 0;
    tensor.external_data.clear();
    Ok(())
}

/// Files of the folder, each read once.
struct Files<'a> {
    folder: Option<&'a Path>,
    read: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

impl Files<'_> {
    fn bytes_of(&mut self, location: &str) -> anyhow::Result<&[u8]> {
        if !self.read.contains_key(location) {
            let folder = self.folder.context("no folder is known for files beside the graph")?;
            let inside =
                Path::new(location).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            ensure!(inside, "expected a file below the graph's own folder");
            let path = folder.join(location);
            let metadata = std::fs::metadata(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
            ensure!(metadata.is_file(), "{}: expected a file", path.display());
            // A link may lead anywhere.
            let (real, real_folder) = (path.canonicalize()?, folder.canonicalize()?);
            ensure!(real.starts_with(real_folder), "expected a file below the graph's own folder");
            self.bytes += metadata.len();
            ensure!(self.bytes <= MOST_BYTES, "expected up to {} MiB of weights, got more", MOST_BYTES >> 20);
            let bytes = std::fs::read(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
            self.read.insert(location.to_owned(), bytes);
        }
        Ok(self.read.get(location).map_or(&[], Vec::as_slice))
    }
}
