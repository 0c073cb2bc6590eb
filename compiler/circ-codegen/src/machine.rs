//! The processor that code is made for, and the settings of the code generator.

use crate::{CodegenError, Fma, Options, Registers, Schedule};
use circ_numerics::math::rows::row_bits;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};

/// A processor and what the emitter needs to know about it.
pub(crate) struct Machine {
    pub(crate) isa: OwnedTargetIsa,
    /// Whether a fused multiply-add is an instruction; else it is a call for every lane.
    pub(crate) fma: bool,
}

/// How programs are emitted.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// See [`Machine::fma`].
    pub(crate) fma: bool,
    pub(crate) schedule: Schedule,
    /// Bits of the registers of functions of rows.
    pub(crate) row_bits: u32,
}

impl How {
    pub(crate) fn new(machine: &Machine, options: &Options) -> How {
        let row_bits = match options.registers {
            Registers::Detect => row_bits(),
            Registers::Widest => 512,
        };
        How { fma: machine.fma, schedule: options.schedule, row_bits }
    }
}

/// The processor that we run on.
pub(crate) fn machine(options: &Options) -> Result<Machine, CodegenError> {
    let builder = cranelift_native::builder().map_err(|why| CodegenError::Processor(why.into()))?;
    let isa = builder.finish(flags()?).map_err(CodegenError::generator)?;
    let has =
        |name: &str| isa.isa_flags().iter().any(|flag| flag.name == name && flag.as_bool() == Some(true));
    let x86 = cfg!(target_arch = "x86_64");
    if x86 && !(has("has_sse41") && has("has_sse42")) {
        return Err(CodegenError::Processor("SSE 4.2 is needed".into()));
    }
    let fma = match options.fma {
        Fma::Detect => !x86 || (has("has_fma") && has("has_avx")),
        Fma::Emulate => false,
    };
    Ok(Machine { isa, fma })
}

/// Without optimization passes: the emitter itself moves out of the loop what belongs there, keeps it in
/// registers or in memory as it pays, and makes no redundant operations. So compiling stays linear and fast.
fn flags() -> Result<settings::Flags, CodegenError> {
    let mut flags = settings::builder();
    let verify = if cfg!(debug_assertions) { "true" } else { "false" };
    for (name, value) in [
        ("opt_level", "none"),
        ("is_pic", "false"),
        ("use_colocated_libcalls", "false"),
        ("enable_verifier", verify),
        ("enable_probestack", "false"),
        ("unwind_info", "false"),
    ] {
        flags.set(name, value).map_err(CodegenError::generator)?;
    }
    Ok(settings::Flags::new(flags))
}
