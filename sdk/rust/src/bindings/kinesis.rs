// Made by ../../generate; do not edit.
pub type Blob = fermyon::spin_kinesis::kinesis_types::Blob;
pub type KinesisRecord = fermyon::spin_kinesis::kinesis_types::KinesisRecord;
pub type EncryptionType = fermyon::spin_kinesis::kinesis_types::EncryptionType;
pub type Error = fermyon::spin_kinesis::kinesis_types::Error;
#[doc(hidden)]
#[allow(non_snake_case, unused_unsafe)]
pub unsafe fn _export_handle_batch_records_cabi<T_: Guest>(
    arg0: *mut u8,
    arg1: usize,
) -> *mut u8 {
    unsafe {
        #[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
        let result15 = {
            let base14 = arg0;
            let len14 = arg1;
            let mut result14 = _rt::Vec::with_capacity(len14);
            for i in 0..len14 {
                let base = base14
                    .add(i * (24 + 6 * ::core::mem::size_of::<*const u8>()));
                let e14 = {
                    let l0 = *base.add(0).cast::<*mut u8>();
                    let l1 = *base
                        .add(::core::mem::size_of::<*const u8>())
                        .cast::<usize>();
                    let len2 = l1;
                    let l3 = *base
                        .add(2 * ::core::mem::size_of::<*const u8>())
                        .cast::<*mut u8>();
                    let l4 = *base
                        .add(3 * ::core::mem::size_of::<*const u8>())
                        .cast::<usize>();
                    let len5 = l4;
                    let bytes5 = _rt::Vec::from_raw_parts(l3.cast(), len5, len5);
                    let l6 = *base
                        .add(4 * ::core::mem::size_of::<*const u8>())
                        .cast::<*mut u8>();
                    let l7 = *base
                        .add(5 * ::core::mem::size_of::<*const u8>())
                        .cast::<usize>();
                    let len8 = l7;
                    let bytes8 = _rt::Vec::from_raw_parts(l6.cast(), len8, len8);
                    let l9 = i32::from(
                        *base.add(6 * ::core::mem::size_of::<*const u8>()).cast::<u8>(),
                    );
                    let l11 = i32::from(
                        *base
                            .add(16 + 6 * ::core::mem::size_of::<*const u8>())
                            .cast::<u8>(),
                    );
                    fermyon::spin_kinesis::kinesis_types::KinesisRecord {
                        data: fermyon::spin_kinesis::kinesis_types::Blob {
                            inner: <_ as From<
                                _rt::Vec<_>,
                            >>::from(_rt::Vec::from_raw_parts(l0.cast(), len2, len2)),
                        },
                        partition_key: _rt::string_lift(bytes5),
                        sequence_number: _rt::string_lift(bytes8),
                        approximate_arrival_timestamp: match l9 {
                            0 => None,
                            1 => {
                                let e = {
                                    let l10 = *base
                                        .add(8 + 6 * ::core::mem::size_of::<*const u8>())
                                        .cast::<i64>();
                                    l10 as u64
                                };
                                Some(e)
                            }
                            _ => _rt::invalid_enum_discriminant(),
                        },
                        encryption_type: match l11 {
                            0 => None,
                            1 => {
                                let e = {
                                    let l12 = i32::from(
                                        *base
                                            .add(17 + 6 * ::core::mem::size_of::<*const u8>())
                                            .cast::<u8>(),
                                    );
                                    use fermyon::spin_kinesis::kinesis_types::EncryptionType as V13;
                                    let v13 = match l12 {
                                        0 => V13::None,
                                        n => {
                                            debug_assert_eq!(n, 1, "invalid enum discriminant");
                                            V13::Kms
                                        }
                                    };
                                    v13
                                };
                                Some(e)
                            }
                            _ => _rt::invalid_enum_discriminant(),
                        },
                    }
                };
                result14.push(e14);
            }
            _rt::cabi_dealloc(
                base14,
                len14 * (24 + 6 * ::core::mem::size_of::<*const u8>()),
                8,
            );
            T_::handle_batch_records(result14)
        };
        let ptr16 = (&raw mut _RET_AREA.0).cast::<u8>();
        match result15 {
            Ok(_) => {
                *ptr16.add(0).cast::<u8>() = (0i32) as u8;
            }
            Err(e) => {
                *ptr16.add(0).cast::<u8>() = (1i32) as u8;
                use fermyon::spin_kinesis::kinesis_types::Error as V18;
                match e {
                    V18::Other(e) => {
                        *ptr16.add(::core::mem::size_of::<*const u8>()).cast::<u8>() = (0i32)
                            as u8;
                        let vec17 = (e.into_bytes()).into_boxed_slice();
                        let ptr17 = vec17.as_ptr().cast::<u8>();
                        let len17 = vec17.len();
                        ::core::mem::forget(vec17);
                        *ptr16
                            .add(3 * ::core::mem::size_of::<*const u8>())
                            .cast::<usize>() = len17;
                        *ptr16
                            .add(2 * ::core::mem::size_of::<*const u8>())
                            .cast::<*mut u8>() = ptr17.cast_mut();
                    }
                }
            }
        };
        ptr16
    }
}
#[doc(hidden)]
#[allow(non_snake_case)]
pub unsafe fn __post_return_handle_batch_records<T_: Guest>(arg0: *mut u8) {
    unsafe {
        let l0 = i32::from(*arg0.add(0).cast::<u8>());
        match l0 {
            0 => {}
            _ => {
                let l1 = i32::from(
                    *arg0.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
                );
                match l1 {
                    _ => {
                        let l2 = *arg0
                            .add(2 * ::core::mem::size_of::<*const u8>())
                            .cast::<*mut u8>();
                        let l3 = *arg0
                            .add(3 * ::core::mem::size_of::<*const u8>())
                            .cast::<usize>();
                        _rt::cabi_dealloc(l2, l3, 1);
                    }
                }
            }
        }
    }
}
pub trait Guest {
    #[allow(async_fn_in_trait)]
    fn handle_batch_records(records: _rt::Vec<KinesisRecord>) -> Result<(), Error>;
}
#[doc(hidden)]
#[macro_export]
macro_rules! __export_world_spin_kinesis_cabi {
    ($ty:ident with_types_in $($path_to_types:tt)*) => {
        const _ : () = { #[unsafe (export_name = "handle-batch-records")] unsafe extern
        "C" fn export_handle_batch_records(arg0 : * mut u8, arg1 : usize,) -> * mut u8 {
        unsafe { $($path_to_types)*:: _export_handle_batch_records_cabi::<$ty > (arg0,
        arg1) } } #[unsafe (export_name = "cabi_post_handle-batch-records")] unsafe
        extern "C" fn _post_return_handle_batch_records(arg0 : * mut u8,) { unsafe {
        $($path_to_types)*:: __post_return_handle_batch_records::<$ty > (arg0) } } };
    };
}
#[doc(hidden)]
pub use __export_world_spin_kinesis_cabi;
#[cfg_attr(target_pointer_width = "64", repr(align(8)))]
#[cfg_attr(target_pointer_width = "32", repr(align(4)))]
struct _RetArea([::core::mem::MaybeUninit<u8>; 4 * ::core::mem::size_of::<*const u8>()]);
static mut _RET_AREA: _RetArea = _RetArea(
    [::core::mem::MaybeUninit::uninit(); 4 * ::core::mem::size_of::<*const u8>()],
);
#[allow(dead_code, clippy::all)]
pub mod fermyon {
    pub mod spin_kinesis {
        #[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
        pub mod kinesis_types {
            #[used]
            #[doc(hidden)]
            static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
            use super::super::super::_rt;
            #[derive(Clone, Copy, Eq, PartialEq)]
            pub enum EncryptionType {
                None,
                Kms,
            }
            impl ::core::fmt::Debug for EncryptionType {
                fn fmt(
                    &self,
                    f: &mut ::core::fmt::Formatter<'_>,
                ) -> ::core::fmt::Result {
                    match self {
                        EncryptionType::None => {
                            f.debug_tuple("EncryptionType::None").finish()
                        }
                        EncryptionType::Kms => {
                            f.debug_tuple("EncryptionType::Kms").finish()
                        }
                    }
                }
            }
            #[derive(Clone, Eq, PartialEq)]
            pub struct Blob {
                pub inner: _rt::Vec<u8>,
            }
            impl ::core::fmt::Debug for Blob {
                fn fmt(
                    &self,
                    f: &mut ::core::fmt::Formatter<'_>,
                ) -> ::core::fmt::Result {
                    f.debug_struct("Blob").field("inner", &self.inner).finish()
                }
            }
            #[derive(Clone, Eq, PartialEq)]
            pub struct KinesisRecord {
                pub data: Blob,
                pub partition_key: _rt::String,
                pub sequence_number: _rt::String,
                /// UNIX seconds
                pub approximate_arrival_timestamp: Option<u64>,
                pub encryption_type: Option<EncryptionType>,
            }
            impl ::core::fmt::Debug for KinesisRecord {
                fn fmt(
                    &self,
                    f: &mut ::core::fmt::Formatter<'_>,
                ) -> ::core::fmt::Result {
                    f.debug_struct("KinesisRecord")
                        .field("data", &self.data)
                        .field("partition-key", &self.partition_key)
                        .field("sequence-number", &self.sequence_number)
                        .field(
                            "approximate-arrival-timestamp",
                            &self.approximate_arrival_timestamp,
                        )
                        .field("encryption-type", &self.encryption_type)
                        .finish()
                }
            }
            #[derive(Clone, Eq, PartialEq)]
            pub enum Error {
                Other(_rt::String),
            }
            impl ::core::fmt::Debug for Error {
                fn fmt(
                    &self,
                    f: &mut ::core::fmt::Formatter<'_>,
                ) -> ::core::fmt::Result {
                    match self {
                        Error::Other(e) => {
                            f.debug_tuple("Error::Other").field(e).finish()
                        }
                    }
                }
            }
            impl ::core::fmt::Display for Error {
                fn fmt(
                    &self,
                    f: &mut ::core::fmt::Formatter<'_>,
                ) -> ::core::fmt::Result {
                    write!(f, "{:?}", self)
                }
            }
            impl ::core::error::Error for Error {}
        }
    }
}
mod _rt {
    #![allow(dead_code, unused_imports, clippy::all)]
    pub use alloc_crate::vec::Vec;
    pub use alloc_crate::string::String;
    #[cfg(target_arch = "wasm32")]
    pub fn run_ctors_once() {
        wit_bindgen::rt::run_ctors_once();
    }
    pub unsafe fn string_lift(bytes: Vec<u8>) -> String {
        if cfg!(debug_assertions) {
            String::from_utf8(bytes).unwrap()
        } else {
            unsafe { String::from_utf8_unchecked(bytes) }
        }
    }
    pub unsafe fn invalid_enum_discriminant<T>() -> T {
        if cfg!(debug_assertions) {
            panic!("invalid enum discriminant")
        } else {
            unsafe { core::hint::unreachable_unchecked() }
        }
    }
    pub unsafe fn cabi_dealloc(ptr: *mut u8, size: usize, align: usize) {
        if size == 0 {
            return;
        }
        unsafe {
            let layout = alloc::Layout::from_size_align_unchecked(size, align);
            alloc::dealloc(ptr, layout);
        }
    }
    extern crate alloc as alloc_crate;
    pub use alloc_crate::alloc;
}
/// Generates `#[unsafe(no_mangle)]` functions to export the specified type as
/// the root implementation of all generated traits.
///
/// For more information see the documentation of `wit_bindgen::generate!`.
///
/// ```rust
/// # macro_rules! __export_kinesis{ ($($t:tt)*) => (); }
/// # trait Guest {}
/// struct MyType;
///
/// impl Guest for MyType {
///     // ...
/// }
///
/// __export_kinesis!(MyType);
/// ```
#[allow(unused_macros)]
#[doc(hidden)]
#[macro_export]
macro_rules! __export_spin_kinesis_impl {
    ($ty:ident) => {
        self::__export_kinesis!($ty with_types_in self);
    };
    ($ty:ident with_types_in $($path_to_types_root:tt)*) => {
        $($path_to_types_root)*:: __export_world_spin_kinesis_cabi!($ty with_types_in
        $($path_to_types_root)*); const _ : () = { #[cfg(target_arch = "wasm32")]
        #[unsafe (link_section =
        "component-type:wit-bindgen:0.57.1:fermyon:spin-kinesis@2.0.0:spin-kinesis:imports and exports")]
        #[doc(hidden)] #[allow(clippy::octal_escapes)] pub static
        __WIT_BINDGEN_COMPONENT_TYPE : [u8; 594] = *
        b"\
\0asm\x0d\0\x01\0\0\x19\x16wit-component-encoding\x04\0\x07\xcf\x03\x01A\x02\x01\
A\x0e\x01B\x0b\x01q\x02\x04NONE\0\0\x03KMS\0\0\x04\0\x0fencryption-type\x03\0\0\x01\
p}\x01r\x01\x05inner\x02\x04\0\x04blob\x03\0\x03\x01kw\x01k\x01\x01r\x05\x04data\
\x04\x0dpartition-keys\x0fsequence-numbers\x1dapproximate-arrival-timestamp\x05\x0f\
encryption-type\x06\x04\0\x0ekinesis-record\x03\0\x07\x01q\x01\x05other\x01s\0\x04\
\0\x05error\x03\0\x09\x03\0(fermyon:spin-kinesis/kinesis-types@2.0.0\x05\0\x02\x03\
\0\0\x04blob\x03\0\x04blob\x03\0\x01\x02\x03\0\0\x0ekinesis-record\x03\0\x0ekine\
sis-record\x03\0\x03\x02\x03\0\0\x0fencryption-type\x03\0\x0fencryption-type\x03\
\0\x05\x02\x03\0\0\x05error\x03\0\x05error\x03\0\x07\x01p\x04\x01j\0\x01\x08\x01\
@\x01\x07records\x09\0\x0a\x04\0\x14handle-batch-records\x01\x0b\x04\0'fermyon:s\
pin-kinesis/spin-kinesis@2.0.0\x04\0\x0b\x12\x01\0\x0cspin-kinesis\x03\0\0\0G\x09\
producers\x01\x0cprocessed-by\x02\x0dwit-component\x070.247.0\x10wit-bindgen-rus\
t\x060.57.1";
        };
    };
}
#[doc(inline)]
pub use __export_spin_kinesis_impl as __export_kinesis;
#[cfg(target_arch = "wasm32")]
#[unsafe(
    link_section = "component-type:wit-bindgen:0.57.1:fermyon:spin-kinesis@2.0.0:spin-kinesis-with-all-of-its-exports-removed:encoded world"
)]
#[doc(hidden)]
#[allow(clippy::octal_escapes)]
pub static __WIT_BINDGEN_COMPONENT_TYPE: [u8; 611] = *b"\
\0asm\x0d\0\x01\0\0\x19\x16wit-component-encoding\x04\0\x07\xc0\x03\x01A\x02\x01\
A\x0a\x01B\x0b\x01q\x02\x04NONE\0\0\x03KMS\0\0\x04\0\x0fencryption-type\x03\0\0\x01\
p}\x01r\x01\x05inner\x02\x04\0\x04blob\x03\0\x03\x01kw\x01k\x01\x01r\x05\x04data\
\x04\x0dpartition-keys\x0fsequence-numbers\x1dapproximate-arrival-timestamp\x05\x0f\
encryption-type\x06\x04\0\x0ekinesis-record\x03\0\x07\x01q\x01\x05other\x01s\0\x04\
\0\x05error\x03\0\x09\x03\0(fermyon:spin-kinesis/kinesis-types@2.0.0\x05\0\x02\x03\
\0\0\x04blob\x03\0\x04blob\x03\0\x01\x02\x03\0\0\x0ekinesis-record\x03\0\x0ekine\
sis-record\x03\0\x03\x02\x03\0\0\x0fencryption-type\x03\0\x0fencryption-type\x03\
\0\x05\x02\x03\0\0\x05error\x03\0\x05error\x03\0\x07\x04\0Gfermyon:spin-kinesis/\
spin-kinesis-with-all-of-its-exports-removed@2.0.0\x04\0\x0b2\x01\0,spin-kinesis\
-with-all-of-its-exports-removed\x03\0\0\0G\x09producers\x01\x0cprocessed-by\x02\
\x0dwit-component\x070.247.0\x10wit-bindgen-rust\x060.57.1";
#[inline(never)]
#[doc(hidden)]
pub fn __link_custom_section_describing_imports() {
    wit_bindgen::rt::maybe_link_cabi_realloc();
}
