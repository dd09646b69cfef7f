//! How large the types of a module are. All sums saturate.

use naga::proc::{IndexableLength, TypeResolution};
use naga::{Handle, Module, Type, TypeInner};

/// The size of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Bytes in memory. An array that has no length, or depends on an override without a value, has none.
    pub(super) bytes: u64,
    /// Numbers that a value of it consists of. A pointer is none.
    pub(super) components: u64,
    /// How many types are inside each other.
    pub(super) nesting: u64,
    /// Whether it is more than a register or a few: an array, or a structure.
    pub(super) is_memory: bool,
}

/// The sizes of all types of a module.
pub(super) struct Sizes(Vec<Size>);

impl Sizes {
    pub(super) fn of(module: &Module) -> Self {
        let mut sizes = Self(Vec::with_capacity(module.types.len()));
        // What a type consists of comes before it.
        for (_, ty) in module.types.iter() {
            let size = sizes.inner(&ty.inner, module);
            sizes.0.push(size);
        }
        sizes
    }

    pub(super) fn get(&self, ty: Handle<Type>) -> Size {
        self.0.get(ty.index()).copied().unwrap_or_default()
    }

    /// The size of what an expression results in.
    pub(super) fn resolved(&self, resolution: &TypeResolution, module: &Module) -> Size {
        match resolution {
            TypeResolution::Handle(ty) => self.get(*ty),
            TypeResolution::Value(inner) => self.inner(inner, module),
        }
    }

    fn inner(&self, inner: &TypeInner, module: &Module) -> Size {
        match inner {
            TypeInner::Array { base, size, stride } => {
                let count = match size.resolve(module.to_ctx()) {
                    Ok(IndexableLength::Known(count)) => u64::from(count),
                    Ok(IndexableLength::Dynamic) | Err(_) => 0,
                };
                let element = self.get(*base);
                Size {
                    bytes: count.saturating_mul(u64::from(*stride)),
                    components: count.saturating_mul(element.components),
                    nesting: element.nesting + 1,
                    is_memory: true,
                }
            }
            TypeInner::Struct { members, span } => {
                let members = members.iter().map(|member| self.get(member.ty));
                let nesting = members.clone().map(|member| member.nesting).max().unwrap_or(0) + 1;
                let components = members.map(|member| member.components).fold(0, u64::saturating_add);
                Size { bytes: u64::from(*span), components, nesting, is_memory: true }
            }
            TypeInner::Pointer { .. } | TypeInner::ValuePointer { .. } => Size::default(),
            _ => {
                let bytes = u64::from(inner.try_size(module.to_ctx()).unwrap_or(u32::MAX));
                Size {
                    bytes,
                    components: u64::from(inner.components().unwrap_or(1)) * column(inner),
                    nesting: 1,
                    is_memory: false,
                }
            }
        }
    }
}

/// The numbers of a column of a matrix.
fn column(inner: &TypeInner) -> u64 {
    match inner {
        TypeInner::Matrix { rows, .. } => *rows as u64,
        _ => 1,
    }
}
