//! Naming inputs and outputs: shared by the commands that take them.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::env::Env;
use crate::flow::{Destination, FileSelection, InputList, InputSpec, NameTemplate};
use crate::model::{Failure, FailureKind};
use crate::output::events::messages::argument;

/// Which inputs, and where their outputs go.
#[derive(Debug, Clone, Args)]
pub(crate) struct InputArgs {
    /// Videos: files, directories, http addresses, or - for a list on standard input
    #[arg(value_name = "INPUT", required_unless_present = "from_file")]
    inputs: Vec<PathBuf>,

    /// Read further inputs from a file, one a line
    #[arg(long, value_name = "LIST")]
    from_file: Vec<PathBuf>,

    /// Entries of lists end with NUL, as `find -print0` writes them
    #[arg(short = '0', long)]
    null: bool,

    /// Go into directories below directories
    #[arg(short, long)]
    recursive: bool,

    /// Of directories, take only files that match this glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,

    /// Of directories, leave out files and directories that match this glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Where outputs go: a directory, a file for one input, or - for standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<OsString>,

    /// How outputs are called, made of {stem} {ending} {folder} {ext} {model} {format}
    #[arg(long, value_name = "TEMPLATE", value_parser = NameTemplate::parse, default_value = "{stem}-nobg.{ext}")]
    name: NameTemplate,
}

/// What the arguments come to.
pub(crate) struct Inputs {
    pub(crate) named: Vec<InputSpec>,
    pub(crate) lists: Vec<InputList>,
    pub(crate) selection: FileSelection,
    pub(crate) destination: Destination,
    pub(crate) template: NameTemplate,
}

impl Inputs {
    /// The same once more, without lists, which can be read only once.
    pub(crate) fn again(&self) -> Self {
        Self {
            named: self.named.clone(),
            lists: Vec::new(),
            selection: self.selection.clone(),
            destination: self.destination.clone(),
            template: self.template.clone(),
        }
    }
}

impl InputArgs {
    /// Opens the lists and decides where outputs go.
    ///
    /// # Errors
    /// A list that cannot be opened, a glob that cannot be read, or an output that does not fit
    /// the inputs.
    pub(crate) fn resolve(self, env: &Env) -> Result<Inputs, Failure> {
        let selection = FileSelection::new(self.recursive, &self.include, &self.exclude)?;
        let mut lists = Vec::new();
        for path in &self.from_file {
            lists.push(open_list(&env.current_dir.join(path), self.null)?);
        }
        let mut named = Vec::new();
        for input in self.inputs {
            if input.as_os_str() == "-" {
                let reader = Box::new(std::io::stdin());
                lists.push(InputList { path: None, reader, nul: self.null });
            } else {
                named.push(InputSpec::read(input));
            }
        }
        let several = named.len() > 1 || !lists.is_empty() || has_directory(&named, env);
        let destination = destination(self.output, several, env)?;
        let selection = match &destination {
            Destination::Directory(outputs) => {
                selection.without_outputs_in(env.current_dir.join(outputs))
            }
            _ => selection,
        };
        Ok(Inputs { named, lists, selection, destination, template: self.name })
    }
}

fn has_directory(named: &[InputSpec], env: &Env) -> bool {
    named.iter().any(|input| match input {
        InputSpec::Path(path) => env.current_dir.join(path).is_dir(),
        InputSpec::Url(_) => false,
    })
}

fn open_list(path: &Path, nul: bool) -> Result<InputList, Failure> {
    let refused = |why: String, next: &str| {
        let shown = argument(&path.to_string_lossy());
        Failure::new(FailureKind::Usage, format!("--from-file {shown}"), why)
            .with_next(format!("{next} {shown}"))
    };
    let file = File::open(path).map_err(|error| refused(error.to_string(), "ls -l"))?;
    if path.is_dir() {
        return Err(refused("it is a directory, not a list".to_owned(), "rbgv run"));
    }
    Ok(InputList { path: Some(path.to_owned()), reader: Box::new(file), nul })
}

/// `-o` means a directory when it is one, ends with a slash, or the inputs are several or a
/// directory.
fn destination(output: Option<OsString>, several: bool, env: &Env) -> Result<Destination, Failure> {
    let Some(output) = output else { return Ok(Destination::Beside) };
    let usage = |why: &str, next: &str| {
        Err(Failure::new(FailureKind::Usage, "-o", why).with_next(next.to_owned()))
    };
    if output == "-" {
        if several {
            return usage("standard output takes one output only", "give -o DIR/ for several");
        }
        if env.terminal.stdout {
            return usage(
                "a video on a terminal helps nobody",
                "redirect it: -o - > FILE, or give -o FILE",
            );
        }
        return Ok(Destination::Stdout);
    }
    let slash = output.as_encoded_bytes().ends_with(b"/");
    let path = PathBuf::from(output);
    let absolute = env.current_dir.join(&path);
    if slash || several || absolute.is_dir() {
        if absolute.exists() && !absolute.is_dir() {
            return usage(
                "it is a file, and a directory is needed for several outputs",
                "give -o DIR/",
            );
        }
        return Ok(Destination::Directory(path));
    }
    Ok(Destination::File(path))
}
