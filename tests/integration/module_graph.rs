//! Which file of a crate uses which, by the paths that its code names. Tests are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// Re-exports of re-exports are followed this far.
const MOST_STEPS: usize = 16;

/// A module's path from the crate's root.
type Module = Vec<String>;

/// One source file.
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its text without tests and comment lines.
    pub code: String,
}

/// The modules of a crate, and what each names.
pub struct ModuleGraph {
    source: PathBuf,
    files: BTreeMap<Module, SourceFile>,
    /// What a module's `use` items call by which name.
    aliases: BTreeMap<(Module, String), Module>,
    /// Every path that a module's code names, from the crate's root.
    named: Vec<(Module, Module)>,
}

impl ModuleGraph {
    /// Reads a crate from its `src`.
    pub fn read(source: &Path) -> Self {
        let (files, aliases, named) = Default::default();
        let mut graph = Self { source: source.to_owned(), files, aliases, named };
        let mut paths = Vec::new();
        for root in ["lib.rs", "main.rs"] {
            if source.join(root).exists() {
                // The binary beside a library has no modules of its own.
                let module = if root == "lib.rs" { vec![] } else { vec!["main".to_owned()] };
                graph.read_module(&source.join(root), module, source, &mut paths);
            }
        }
        let named = paths.into_iter().filter_map(|(module, path)| Some((graph.absolute(&module, &path)?, module)));
        graph.named = named.map(|(path, module)| (module, path)).collect();
        graph
    }

    /// Every file.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.values()
    }

    /// Pairs of files, relative to the crate's `src`, of which the first names something of the second.
    pub fn uses(&self) -> BTreeSet<(PathBuf, PathBuf)> {
        let relative = |module: &Module| self.files[module].path.strip_prefix(&self.source).unwrap().to_owned();
        self.edges().into_iter().map(|(user, used)| (relative(&user), relative(&used))).collect()
    }

    /// Sets of files each of which reaches every other, largest first. What lies in the file of a parent module is
    /// common ground to all below it and makes no circle.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let edges: BTreeSet<(Module, Module)> =
            self.edges().into_iter().filter(|(user, used)| !user.starts_with(used)).collect();
        let reached = |from: &Module| {
            let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
            while let Some(module) = next.pop() {
                let further = edges.iter().filter(|(user, _)| *user == module).map(|(_, used)| used);
                next.extend(further.filter(|used| seen.insert((*used).clone())).cloned());
            }
            seen
        };
        let reach: BTreeMap<&Module, BTreeSet<Module>> = self.files.keys().map(|file| (file, reached(file))).collect();
        let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
        for (file, reached) in &reach {
            let mutual = reached.iter().filter(|other| reach[other].contains(*file));
            let circle: Vec<String> = mutual.map(|module| module.join("::")).collect();
            if !circle.is_empty() {
                circles.insert(circle);
            }
        }
        let mut circles: Vec<Vec<String>> = circles.into_iter().collect();
        circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
        circles
    }

    fn edges(&self) -> BTreeSet<(Module, Module)> {
        let resolved = self.named.iter().map(|(user, path)| (self.file_of(user), self.resolve(path)));
        resolved.filter(|(user, used)| user != used).collect()
    }

    fn read_module(&mut self, path: &Path, module: Module, folder: &Path, paths: &mut Vec<(Module, Module)>) {
        let text = std::fs::read_to_string(path).unwrap();
        let mut parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        parsed.items.retain(|item| !is_test(item));
        let lines = text.split("#[cfg(test)]\nmod tests {").next().unwrap().lines();
        let code = lines.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        self.files.insert(module.clone(), SourceFile { path: path.to_owned(), code });
        self.read_items(&parsed.items, &module, folder, paths);
    }

    fn read_items(&mut self, items: &[syn::Item], module: &Module, folder: &Path, paths: &mut Vec<(Module, Module)>) {
        let mut named = Paths::default();
        for item in items {
            match item {
                syn::Item::Mod(child) if !is_test(item) => {
                    let name = child.ident.to_string();
                    let inner = [module.clone(), vec![name.clone()]].concat();
                    match &child.content {
                        Some((_, items)) => self.read_items(items, &inner, &folder.join(name), paths),
                        None => {
                            let (flat, nested) = (folder.join(&name).with_extension("rs"), folder.join(&name));
                            let path = if flat.exists() { flat } else { nested.join("mod.rs") };
                            self.read_module(&path, inner, &nested, paths);
                        }
                    }
                }
                syn::Item::Mod(_) => {}
                syn::Item::Use(item) => {
                    let mut found = Vec::new();
                    flatten(&item.tree, &[], &mut found);
                    for (alias, path) in found {
                        self.aliases.insert((module.clone(), alias), path.clone());
                        named.0.push(path);
                    }
                }
                item if is_test(item) => {}
                item => named.visit_item(item),
            }
        }
        paths.extend(named.0.into_iter().map(|path| (module.clone(), path)));
    }

    /// A path as it stands in a module, from the crate's root; nothing for one into another crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => self.absolute(&module[..module.len().checked_sub(1)?].to_vec(), &inherit(rest)),
            name => {
                let child = [module.clone(), vec![name.to_owned()]].concat();
                let is_child = self.files.keys().any(|file| file.starts_with(&child));
                if is_child {
                    return Some([&child, rest].concat());
                }
                let alias = self.aliases.get(&(module.clone(), name.to_owned()))?;
                let is_itself = alias.first() == Some(first);
                if is_itself { None } else { Some([&self.absolute(module, alias)?, rest].concat()) }
            }
        }
    }

    /// The file in which what a path names is defined.
    fn resolve(&self, path: &Module) -> Module {
        let mut path = path.clone();
        for _ in 0..MOST_STEPS {
            let module = self.file_of(&path);
            let Some(name) = path.get(module.len()) else { return module };
            let alias = self.aliases.get(&(module.clone(), name.clone()));
            let Some(further) = alias.and_then(|alias| self.absolute(&module, alias)) else { return module };
            path = [&further[..], &path[module.len() + 1..]].concat();
        }
        self.file_of(&path)
    }

    /// The file of the innermost module that a path begins with.
    fn file_of(&self, path: &[String]) -> Module {
        let mut length = path.len();
        while length > 0 && !self.files.contains_key(&path[..length]) {
            length -= 1;
        }
        path[..length].to_vec()
    }
}

/// The rest of a path behind `super`, which begins in the module above.
fn inherit(rest: &[String]) -> Module {
    match rest.first().map(String::as_str) {
        Some("super") => rest.to_vec(),
        _ => [&["self".to_owned()], rest].concat(),
    }
}

fn is_test(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Const(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

/// Each name that a `use` brings in, with its whole path.
fn flatten(tree: &syn::UseTree, before: &[String], found: &mut Vec<(String, Module)>) {
    let with = |name: String| [before, &[name]].concat();
    match tree {
        syn::UseTree::Path(path) => flatten(&path.tree, &with(path.ident.to_string()), found),
        syn::UseTree::Name(name) if name.ident == "self" => {
            found.push((before.last().cloned().unwrap_or_default(), before.to_vec()));
        }
        syn::UseTree::Name(name) => found.push((name.ident.to_string(), with(name.ident.to_string()))),
        syn::UseTree::Rename(rename) => found.push((rename.rename.to_string(), with(rename.ident.to_string()))),
        syn::UseTree::Glob(_) => found.push(("*".to_owned(), before.to_vec())),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, found)),
    }
}

/// Paths of at least two words in expressions, types and patterns: one word alone came in by a `use`.
#[derive(Default)]
struct Paths(Vec<Module>);

impl<'a> Visit<'a> for Paths {
    fn visit_path(&mut self, path: &'a syn::Path) {
        if path.segments.len() > 1 {
            self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        let mut found = Vec::new();
        flatten(&item.tree, &[], &mut found);
        self.0.extend(found.into_iter().map(|(_, path)| path));
    }
}
