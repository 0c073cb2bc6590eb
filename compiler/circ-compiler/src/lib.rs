//! From the tree to the plan: names, dimensions, elaboration, integration, kernels; and the reference interpreter.
