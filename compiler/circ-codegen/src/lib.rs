//! Kernels to machine code: the only crate that sees Cranelift.
//!
//! In: verified programs that make a step of the cells of a shard. Out: functions with the calling
//! convention of `circ_plan::abi`, which give the bits that a scalar evaluation of the same programs
//! gives. One loop over groups of 128 bits does everything (see `emit` for its shape), or, where a cell has many
//! functions like `exp`, passes over blocks of cells do, with calls of functions of whole rows between them (see `blocks`).
//! Where a cell is linear, a function in wider registers makes what is quiet, and the loop the rest (see `chains`).
//! A cost decides ([`planned`]).

mod blocks;
mod chains;
mod cost;
mod emit;
mod facts;
mod helpers;
mod machine;
mod quiet;
mod validate;

use circ_plan::abi::{Access, KernelFn};
use circ_plan::ir::Program;
use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, default_libcall_names};
use machine::How;
use std::fmt;

/// How to compile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Keep the texts that [`Compiled::clif`] and [`Compiled::asm`] give.
    pub keep_text: bool,
    /// How `a * b + c` is computed.
    pub fma: Fma,
    /// In which order.
    pub schedule: Schedule,
    /// Registers of functions of rows that the order is chosen for; the functions use what there is.
    pub registers: Registers,
}

/// How wide the registers are that costs are reckoned with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registers {
    /// As this processor has them.
    #[default]
    Detect,
    /// 512 bits, wherever: so texts for people are the same on every machine.
    Widest,
}

/// In which order the operations of cells are made. The bits are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// As costs less.
    #[default]
    Cheapest,
    /// All of a group of cells, then the next group.
    Loop,
    /// In passes over blocks of cells, with calls of functions of whole rows between them, where there are such functions.
    Blocks,
    /// Quiet tiles of cells by a function in the widest registers and all others in the loop, where cells are linear.
    Tiles,
}

/// How a kernel is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planned {
    /// The passes over a block of so many cells, if there are blocks.
    pub blocks: Option<PlannedBlocks>,
    /// Instructions of 128 bits that a cell takes in one loop, roughly.
    pub loop_cost: f64,
    /// And in blocks; none where nothing is called that rows can be made of.
    pub blocks_cost: Option<f64>,
    /// The tiles of cells that are looked at together, if quiet ones are made by a function.
    pub tiles: Option<PlannedTiles>,
    /// What a cell takes then; none where cells are not linear.
    pub tiles_cost: Option<f64>,
}

/// A function for quiet tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedTiles {
    /// Cells of a tile.
    pub cells: u32,
    /// Bits of the registers that it uses.
    pub bits: u32,
}

/// A block schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedBlocks {
    /// Cells of a block.
    pub cells: u32,
    /// Passes, the last included.
    pub passes: u32,
    /// Functions that are called for all cells of a block at once.
    pub calls: u32,
    /// Bits of the registers that they use.
    pub bits: u32,
}

/// How a program would be computed on this processor.
///
/// # Errors
/// As of [`compile`], but for what the code generator may say.
pub fn planned(program: &Program, options: &Options) -> Result<Planned, CodegenError> {
    validate::validate(program)?;
    let machine = machine::machine(options)?;
    Ok(facts::facts(program, &[], How::new(&machine, options)).planned())
}

/// How a fused multiply-add is computed. The bits are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fma {
    /// By the processor where it can.
    #[default]
    Detect,
    /// In software: slow.
    Emulate,
}

/// Why there is no machine code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodegenError {
    /// Our code runs on x86-64 with SSE 4.2 and on what else the code generator knows.
    Processor(String),
    /// This operation, leaf or output does not belong in a kernel: (name of the program, what).
    Unsupported(String, String),
    /// The program is not well formed: (name of the program, where and why).
    Malformed(String, String),
    /// The code generator gave up, or there is no memory for code.
    Generator(String),
}

impl CodegenError {
    fn generator(error: impl fmt::Display) -> CodegenError {
        CodegenError::Generator(error.to_string())
    }
}

impl fmt::Display for CodegenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodegenError::Processor(why) => write!(f, "no machine code for this processor: {why}"),
            CodegenError::Unsupported(program, what) => {
                write!(f, "`{program}`: {what} has no machine code")
            }
            CodegenError::Malformed(program, what) => {
                write!(f, "`{program}` is not well formed: {what}")
            }
            CodegenError::Generator(why) => write!(f, "the code generator stopped: {why}"),
        }
    }
}

impl std::error::Error for CodegenError {}

/// Compiled kernels. Owns their memory: a function that it gave must not be called after it is dropped.
pub struct Compiled {
    kernels: Vec<Kernel>,
    /// Last, so that it outlives the pointers above.
    _memory: Memory,
}

struct Kernel {
    function: KernelFn,
    planned: Planned,
    clif: String,
    asm: String,
}

impl Compiled {
    /// The function of the kernel with this index in the list that was compiled.
    ///
    /// # Panics
    /// If there is none.
    pub fn kernel(&self, index: usize) -> KernelFn {
        self.kernels[index].function
    }

    /// How the kernel is computed.
    ///
    /// # Panics
    /// If there is no such kernel.
    pub fn planned(&self, index: usize) -> Planned {
        self.kernels[index].planned
    }

    /// The code generator's own form; empty unless [`Options::keep_text`].
    ///
    /// # Panics
    /// If there is no such kernel.
    pub fn clif(&self, index: usize) -> &str {
        &self.kernels[index].clif
    }

    /// The instructions; empty unless [`Options::keep_text`].
    ///
    /// # Panics
    /// If there is no such kernel.
    pub fn asm(&self, index: usize) -> &str {
        &self.kernels[index].asm
    }
}

/// Frees the code, which a dropped module would leak.
struct Memory(Option<JITModule>);

// SAFETY: the module is only touched when it is made and when it is dropped.
unsafe impl Sync for Memory {}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some(module) = self.0.take() {
            // SAFETY: `Compiled` documents that its functions end with it.
            unsafe { module.free_memory() };
        }
    }
}

/// A program, and how its arrays lie: by `ArrayId`, where it is not as those of cells.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub program: &'a Program,
    pub access: &'a [Access],
}

/// Compiles kernels (`start` and `step` programs) for this processor.
pub fn compile(kernels: &[&Program], options: &Options) -> Result<Compiled, CodegenError> {
    let sources: Vec<Source> = kernels.iter().map(|program| Source { program, access: &[] }).collect();
    compile_sources(&sources, options)
}

/// Compiles kernels whose arrays lie in their own ways.
pub fn compile_sources(kernels: &[Source], options: &Options) -> Result<Compiled, CodegenError> {
    for kernel in kernels {
        validate::validate(kernel.program)?;
        validate::validate_access(kernel.program, kernel.access)?;
    }
    let machine = machine::machine(options)?;
    let mut builder = JITBuilder::with_isa(machine.isa.clone(), default_libcall_names());
    builder.symbol_lookup_fn(Box::new(helpers::address));
    let mut memory = Memory(Some(JITModule::new(builder)));
    let Some(module) = memory.0.as_mut() else {
        return Err(CodegenError::generator("no module"));
    };
    let mut context = module.make_context();
    let mut builder_context = FunctionBuilderContext::new();
    let mut compiled = vec![];
    for kernel in kernels {
        context.set_disasm(options.keep_text);
        let how = How::new(&machine, options);
        let facts = emit::emit(*kernel, how, module, &mut context, &mut builder_context)?;
        let clif = if options.keep_text { context.func.display().to_string() } else { String::new() };
        let id = define(module, &mut context)?;
        let text = context.compiled_code().and_then(|code| code.vcode.clone());
        compiled.push((id, facts.planned(), clif, text.unwrap_or_default()));
        module.clear_context(&mut context);
    }
    module.finalize_definitions().map_err(CodegenError::generator)?;
    let kernels = compiled.into_iter().map(|(id, planned, clif, asm)| Kernel {
        function: function(module, id),
        planned,
        clif,
        asm,
    });
    Ok(Compiled { kernels: kernels.collect(), _memory: memory })
}

fn define(module: &mut JITModule, context: &mut Context) -> Result<FuncId, CodegenError> {
    let id = module.declare_anonymous_function(&context.func.signature).map_err(CodegenError::generator)?;
    module.define_function(id, context).map_err(|error| CodegenError::Generator(format!("{error:?}")))?;
    Ok(id)
}

fn function(module: &JITModule, id: FuncId) -> KernelFn {
    let address = module.get_finalized_function(id);
    // SAFETY: `emit` gave the function the signature of `KernelFn`.
    unsafe { std::mem::transmute::<*const u8, KernelFn>(address) }
}

/// Helpers are imported: their addresses are absolute, so it does not matter how far away they lie.
fn import(
    module: &mut JITModule,
    name: &str,
    signature: &cranelift_codegen::ir::Signature,
) -> Result<FuncId, CodegenError> {
    module.declare_function(name, Linkage::Import, signature).map_err(CodegenError::generator)
}
