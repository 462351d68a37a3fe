// Made by ../../generate; do not edit.
#[allow(unfulfilled_lint_expectations, unused_imports)]
use crate::bindings::stream::trigger_kinesis::handler::types as __with_name0;
#[allow(dead_code, clippy::all)]
pub mod exports {
    pub mod trigger_kinesis {
        pub mod handler {
            #[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
            pub mod handle_async {
                #[used]
                #[doc(hidden)]
                static __FORCE_SECTION_REF: fn() = super::super::super::super::__link_custom_section_describing_imports;
                use super::super::super::super::_rt;
                pub type StreamRecord = super::super::super::super::__with_name0::StreamRecord;
                pub type BatchContext = super::super::super::super::__with_name0::BatchContext;
                pub type BatchResult = super::super::super::super::__with_name0::BatchResult;
                #[doc(hidden)]
                #[allow(non_snake_case, unused_unsafe)]
                pub unsafe fn _export_batch_cabi<T_: Guest>(arg0: *mut u8) -> i32 {
                    unsafe {
                        #[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
                        wit_bindgen::rt::async_support::start_task(async move {
                            let _task_cancel = wit_bindgen::rt::async_support::TaskCancelOnDrop::new();
                            let result39 = &{
                                let l0 = *arg0.add(0).cast::<*mut u8>();
                                let l1 = *arg0
                                    .add(::core::mem::size_of::<*const u8>())
                                    .cast::<usize>();
                                let len2 = l1;
                                let bytes2 = _rt::Vec::from_raw_parts(
                                    l0.cast(),
                                    len2,
                                    len2,
                                );
                                let l3 = *arg0
                                    .add(2 * ::core::mem::size_of::<*const u8>())
                                    .cast::<*mut u8>();
                                let l4 = *arg0
                                    .add(3 * ::core::mem::size_of::<*const u8>())
                                    .cast::<usize>();
                                let len5 = l4;
                                let bytes5 = _rt::Vec::from_raw_parts(
                                    l3.cast(),
                                    len5,
                                    len5,
                                );
                                let l6 = *arg0
                                    .add(4 * ::core::mem::size_of::<*const u8>())
                                    .cast::<i32>();
                                let l7 = *arg0
                                    .add(8 + 4 * ::core::mem::size_of::<*const u8>())
                                    .cast::<i64>();
                                let l8 = *arg0
                                    .add(16 + 4 * ::core::mem::size_of::<*const u8>())
                                    .cast::<i64>();
                                let l9 = i32::from(
                                    *arg0
                                        .add(24 + 4 * ::core::mem::size_of::<*const u8>())
                                        .cast::<u8>(),
                                );
                                let l14 = i32::from(
                                    *arg0
                                        .add(56 + 4 * ::core::mem::size_of::<*const u8>())
                                        .cast::<u8>(),
                                );
                                let l18 = *arg0
                                    .add(64 + 6 * ::core::mem::size_of::<*const u8>())
                                    .cast::<*mut u8>();
                                let l19 = *arg0
                                    .add(64 + 7 * ::core::mem::size_of::<*const u8>())
                                    .cast::<usize>();
                                let base38 = l18;
                                let len38 = l19;
                                let mut result38 = _rt::Vec::with_capacity(len38);
                                for i in 0..len38 {
                                    let base = base38
                                        .add(i * (24 + 10 * ::core::mem::size_of::<*const u8>()));
                                    let e38 = {
                                        let l20 = *base.add(0).cast::<*mut u8>();
                                        let l21 = *base
                                            .add(::core::mem::size_of::<*const u8>())
                                            .cast::<usize>();
                                        let len22 = l21;
                                        let l23 = *base
                                            .add(2 * ::core::mem::size_of::<*const u8>())
                                            .cast::<*mut u8>();
                                        let l24 = *base
                                            .add(3 * ::core::mem::size_of::<*const u8>())
                                            .cast::<usize>();
                                        let len25 = l24;
                                        let bytes25 = _rt::Vec::from_raw_parts(
                                            l23.cast(),
                                            len25,
                                            len25,
                                        );
                                        let l26 = i32::from(
                                            *base
                                                .add(4 * ::core::mem::size_of::<*const u8>())
                                                .cast::<u8>(),
                                        );
                                        let l30 = *base
                                            .add(7 * ::core::mem::size_of::<*const u8>())
                                            .cast::<*mut u8>();
                                        let l31 = *base
                                            .add(8 * ::core::mem::size_of::<*const u8>())
                                            .cast::<usize>();
                                        let len32 = l31;
                                        let bytes32 = _rt::Vec::from_raw_parts(
                                            l30.cast(),
                                            len32,
                                            len32,
                                        );
                                        let l33 = *base
                                            .add(8 + 8 * ::core::mem::size_of::<*const u8>())
                                            .cast::<i64>();
                                        let l34 = *base
                                            .add(16 + 8 * ::core::mem::size_of::<*const u8>())
                                            .cast::<i64>();
                                        let l35 = *base
                                            .add(24 + 8 * ::core::mem::size_of::<*const u8>())
                                            .cast::<*mut u8>();
                                        let l36 = *base
                                            .add(24 + 9 * ::core::mem::size_of::<*const u8>())
                                            .cast::<usize>();
                                        let len37 = l36;
                                        let bytes37 = _rt::Vec::from_raw_parts(
                                            l35.cast(),
                                            len37,
                                            len37,
                                        );
                                        super::super::super::super::__with_name0::StreamRecord {
                                            data: <_ as From<
                                                _rt::Vec<_>,
                                            >>::from(
                                                _rt::Vec::from_raw_parts(l20.cast(), len22, len22),
                                            ),
                                            partition_key: _rt::string_lift(bytes25),
                                            explicit_hash_key: match l26 {
                                                0 => None,
                                                1 => {
                                                    let e = {
                                                        let l27 = *base
                                                            .add(5 * ::core::mem::size_of::<*const u8>())
                                                            .cast::<*mut u8>();
                                                        let l28 = *base
                                                            .add(6 * ::core::mem::size_of::<*const u8>())
                                                            .cast::<usize>();
                                                        let len29 = l28;
                                                        let bytes29 = _rt::Vec::from_raw_parts(
                                                            l27.cast(),
                                                            len29,
                                                            len29,
                                                        );
                                                        _rt::string_lift(bytes29)
                                                    };
                                                    Some(e)
                                                }
                                                _ => _rt::invalid_enum_discriminant(),
                                            },
                                            sequence_number: _rt::string_lift(bytes32),
                                            sub_sequence_number: l33 as u64,
                                            approximate_arrival_millis: l34 as u64,
                                            idempotency_key: _rt::string_lift(bytes37),
                                        }
                                    };
                                    result38.push(e38);
                                }
                                _rt::cabi_dealloc(
                                    base38,
                                    len38 * (24 + 10 * ::core::mem::size_of::<*const u8>()),
                                    8,
                                );
                                T_::batch(
                                        super::super::super::super::__with_name0::BatchContext {
                                            stream_arn: _rt::string_lift(bytes2),
                                            shard_id: _rt::string_lift(bytes5),
                                            attempt: l6 as u32,
                                            millis_behind_latest: l7 as u64,
                                            fencing_token: l8 as u64,
                                            window: match l9 {
                                                0 => None,
                                                1 => {
                                                    let e = {
                                                        let l10 = *arg0
                                                            .add(32 + 4 * ::core::mem::size_of::<*const u8>())
                                                            .cast::<i64>();
                                                        let l11 = *arg0
                                                            .add(40 + 4 * ::core::mem::size_of::<*const u8>())
                                                            .cast::<i64>();
                                                        let l12 = i32::from(
                                                            *arg0
                                                                .add(48 + 4 * ::core::mem::size_of::<*const u8>())
                                                                .cast::<u8>(),
                                                        );
                                                        let l13 = i32::from(
                                                            *arg0
                                                                .add(49 + 4 * ::core::mem::size_of::<*const u8>())
                                                                .cast::<u8>(),
                                                        );
                                                        super::super::super::super::__with_name0::Window {
                                                            start_millis: l10 as u64,
                                                            end_millis: l11 as u64,
                                                            final_call: _rt::bool_lift(l12 as u8),
                                                            terminated_early: _rt::bool_lift(l13 as u8),
                                                        }
                                                    };
                                                    Some(e)
                                                }
                                                _ => _rt::invalid_enum_discriminant(),
                                            },
                                            window_state: match l14 {
                                                0 => None,
                                                1 => {
                                                    let e = {
                                                        let l15 = *arg0
                                                            .add(56 + 5 * ::core::mem::size_of::<*const u8>())
                                                            .cast::<*mut u8>();
                                                        let l16 = *arg0
                                                            .add(56 + 6 * ::core::mem::size_of::<*const u8>())
                                                            .cast::<usize>();
                                                        let len17 = l16;
                                                        <_ as From<
                                                            _rt::Vec<_>,
                                                        >>::from(_rt::Vec::from_raw_parts(l15.cast(), len17, len17))
                                                    };
                                                    Some(e)
                                                }
                                                _ => _rt::invalid_enum_discriminant(),
                                            },
                                        },
                                        result38,
                                    )
                                    .await
                            };
                            let (
                                result47_0,
                                result47_1,
                                result47_2,
                                result47_3,
                                result47_4,
                                result47_5,
                                result47_6,
                            ) = match result39 {
                                Ok(e) => {
                                    let super::super::super::super::__with_name0::BatchResult {
                                        outcome: outcome40,
                                        window_state: window_state40,
                                    } = e;
                                    use super::super::super::super::__with_name0::Outcome as V42;
                                    let (result43_0, result43_1, result43_2) = match outcome40 {
                                        V42::Done => (0i32, ::core::ptr::null_mut(), 0usize),
                                        V42::FailedFrom(e) => {
                                            (1i32, _rt::as_i32(e) as *mut u8, 0usize)
                                        }
                                        V42::FailedItems(e) => {
                                            let vec41 = e;
                                            let ptr41 = vec41.as_ptr().cast::<u8>();
                                            let len41 = vec41.len();
                                            (2i32, ptr41.cast_mut(), len41)
                                        }
                                    };
                                    let (result45_0, result45_1, result45_2) = match window_state40 {
                                        Some(e) => {
                                            let vec44 = e;
                                            let ptr44 = vec44.as_ptr().cast::<u8>();
                                            let len44 = vec44.len();
                                            (1i32, ptr44.cast_mut(), len44)
                                        }
                                        None => (0i32, ::core::ptr::null_mut(), 0usize),
                                    };
                                    (
                                        0i32,
                                        result43_0 as *mut u8,
                                        result43_1,
                                        result43_2,
                                        result45_0,
                                        result45_1,
                                        result45_2,
                                    )
                                }
                                Err(e) => {
                                    let vec46 = e;
                                    let ptr46 = vec46.as_ptr().cast::<u8>();
                                    let len46 = vec46.len();
                                    (
                                        1i32,
                                        ptr46.cast_mut(),
                                        len46 as *mut u8,
                                        0usize,
                                        0i32,
                                        ::core::ptr::null_mut(),
                                        0usize,
                                    )
                                }
                            };
                            #[cfg(target_arch = "wasm32")]
                            #[link(
                                wasm_import_module = "[export]trigger-kinesis:handler/handle-async@0.1.0"
                            )]
                            unsafe extern "C" {
                                #[link_name = "[task-return]batch"]
                                fn wit_import48(
                                    _: i32,
                                    _: *mut u8,
                                    _: *mut u8,
                                    _: usize,
                                    _: i32,
                                    _: *mut u8,
                                    _: usize,
                                );
                            }
                            #[cfg(not(target_arch = "wasm32"))]
                            unsafe extern "C" fn wit_import48(
                                _: i32,
                                _: *mut u8,
                                _: *mut u8,
                                _: usize,
                                _: i32,
                                _: *mut u8,
                                _: usize,
                            ) {
                                unreachable!()
                            }
                            _task_cancel.forget();
                            wit_import48(
                                result47_0,
                                result47_1,
                                result47_2,
                                result47_3,
                                result47_4,
                                result47_5,
                                result47_6,
                            );
                        })
                    }
                }
                #[doc(hidden)]
                #[allow(non_snake_case)]
                pub unsafe fn __callback_batch(
                    event0: u32,
                    event1: u32,
                    event2: u32,
                ) -> u32 {
                    unsafe {
                        wit_bindgen::rt::async_support::callback(event0, event1, event2)
                    }
                }
                pub trait Guest {
                    #[allow(async_fn_in_trait)]
                    async fn batch(
                        context: BatchContext,
                        records: _rt::Vec<StreamRecord>,
                    ) -> Result<BatchResult, _rt::String>;
                }
                #[doc(hidden)]
                #[macro_export]
                macro_rules! __export_trigger_kinesis_handler_handle_async_0_1_0_cabi {
                    ($ty:ident with_types_in $($path_to_types:tt)*) => {
                        const _ : () = { #[unsafe (export_name =
                        "[async-lift]trigger-kinesis:handler/handle-async@0.1.0#batch")]
                        unsafe extern "C" fn export_batch(arg0 : * mut u8,) -> i32 {
                        unsafe { $($path_to_types)*:: _export_batch_cabi::<$ty > (arg0) }
                        } #[unsafe (export_name =
                        "[callback][async-lift]trigger-kinesis:handler/handle-async@0.1.0#batch")]
                        unsafe extern "C" fn _callback_batch(event0 : u32, event1 : u32,
                        event2 : u32) -> u32 { unsafe { $($path_to_types)*::
                        __callback_batch(event0, event1, event2) } } };
                    };
                }
                #[doc(hidden)]
                pub use __export_trigger_kinesis_handler_handle_async_0_1_0_cabi;
            }
        }
    }
}
mod _rt {
    #![allow(dead_code, unused_imports, clippy::all)]
    #[cfg(target_arch = "wasm32")]
    pub fn run_ctors_once() {
        wit_bindgen::rt::run_ctors_once();
    }
    pub use alloc_crate::vec::Vec;
    pub unsafe fn string_lift(bytes: Vec<u8>) -> String {
        if cfg!(debug_assertions) {
            String::from_utf8(bytes).unwrap()
        } else {
            unsafe { String::from_utf8_unchecked(bytes) }
        }
    }
    pub unsafe fn bool_lift(val: u8) -> bool {
        if cfg!(debug_assertions) {
            match val {
                0 => false,
                1 => true,
                _ => panic!("invalid bool discriminant"),
            }
        } else {
            val != 0
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
    pub fn as_i32<T: AsI32>(t: T) -> i32 {
        t.as_i32()
    }
    pub trait AsI32 {
        fn as_i32(self) -> i32;
    }
    impl<'a, T: Copy + AsI32> AsI32 for &'a T {
        fn as_i32(self) -> i32 {
            (*self).as_i32()
        }
    }
    impl AsI32 for i32 {
        #[inline]
        fn as_i32(self) -> i32 {
            self as i32
        }
    }
    impl AsI32 for u32 {
        #[inline]
        fn as_i32(self) -> i32 {
            self as i32
        }
    }
    impl AsI32 for i16 {
        #[inline]
        fn as_i32(self) -> i32 {
            self as i32
        }
    }
    impl AsI32 for u16 {
        #[inline]
        fn as_i32(self) -> i32 {
            self as i32
        }
    }
    impl AsI32 for i8 {
        #[inline]
        fn as_i32(self) -> i32 {
            self as i32
        }
    }
    impl AsI32 for u8 {
        #[inline]
        fn as_i32(self) -> i32 {
            self as i32
        }
    }
    impl AsI32 for char {
        #[inline]
        fn as_i32(self) -> i32 {
            self as i32
        }
    }
    impl AsI32 for usize {
        #[inline]
        fn as_i32(self) -> i32 {
            self as i32
        }
    }
    pub use alloc_crate::string::String;
    extern crate alloc as alloc_crate;
    pub use alloc_crate::alloc;
}
/// Generates `#[unsafe(no_mangle)]` functions to export the specified type as
/// the root implementation of all generated traits.
///
/// For more information see the documentation of `wit_bindgen::generate!`.
///
/// ```rust
/// # macro_rules! __export_stream_async{ ($($t:tt)*) => (); }
/// # trait Guest {}
/// struct MyType;
///
/// impl Guest for MyType {
///     // ...
/// }
///
/// __export_stream_async!(MyType);
/// ```
#[allow(unused_macros)]
#[doc(hidden)]
#[macro_export]
macro_rules! __export_stream_handler_async_impl {
    ($ty:ident) => {
        self::__export_stream_async!($ty with_types_in self);
    };
    ($ty:ident with_types_in $($path_to_types_root:tt)*) => {
        $($path_to_types_root)*::
        exports::trigger_kinesis::handler::handle_async::__export_trigger_kinesis_handler_handle_async_0_1_0_cabi!($ty
        with_types_in $($path_to_types_root)*::
        exports::trigger_kinesis::handler::handle_async); const _ : () = {
        #[cfg(target_arch = "wasm32")] #[unsafe (link_section =
        "component-type:wit-bindgen:0.57.1:trigger-kinesis:handler@0.1.0:stream-handler-async:imports and exports")]
        #[doc(hidden)] #[allow(clippy::octal_escapes)] pub static
        __WIT_BINDGEN_COMPONENT_TYPE : [u8; 900] = *
        b"\
\0asm\x0d\0\x01\0\0\x19\x16wit-component-encoding\x04\0\x07\xf9\x05\x01A\x02\x01\
A\x07\x01B\x0f\x01p}\x01ks\x01r\x07\x04data\0\x0dpartition-keys\x11explicit-hash\
-key\x01\x0fsequence-numbers\x13sub-sequence-numberw\x1aapproximate-arrival-mill\
isw\x0fidempotency-keys\x04\0\x0dstream-record\x03\0\x02\x01r\x04\x0cstart-milli\
sw\x0aend-millisw\x0afinal-call\x7f\x10terminated-early\x7f\x04\0\x06window\x03\0\
\x04\x01k\x05\x01k\0\x01r\x07\x0astream-arns\x08shard-ids\x07attempty\x14millis-\
behind-latestw\x0dfencing-tokenw\x06window\x06\x0cwindow-state\x07\x04\0\x0dbatc\
h-context\x03\0\x08\x01py\x01q\x03\x04done\0\0\x0bfailed-from\x01y\0\x0cfailed-i\
tems\x01\x0a\0\x04\0\x07outcome\x03\0\x0b\x01r\x02\x07outcome\x0c\x0cwindow-stat\
e\x07\x04\0\x0cbatch-result\x03\0\x0d\x03\0#trigger-kinesis:handler/types@0.1.0\x05\
\0\x02\x03\0\0\x0dstream-record\x02\x03\0\0\x0dbatch-context\x02\x03\0\0\x0cbatc\
h-result\x01B\x0a\x02\x03\x02\x01\x01\x04\0\x0dstream-record\x03\0\0\x02\x03\x02\
\x01\x02\x04\0\x0dbatch-context\x03\0\x02\x02\x03\x02\x01\x03\x04\0\x0cbatch-res\
ult\x03\0\x04\x01p\x01\x01j\x01\x05\x01s\x01C\x02\x07context\x03\x07records\x06\0\
\x07\x04\0\x05batch\x01\x08\x04\0*trigger-kinesis:handler/handle-async@0.1.0\x05\
\x04\x04\02trigger-kinesis:handler/stream-handler-async@0.1.0\x04\0\x0b\x1a\x01\0\
\x14stream-handler-async\x03\0\0\0G\x09producers\x01\x0cprocessed-by\x02\x0dwit-\
component\x070.247.0\x10wit-bindgen-rust\x060.57.1";
        };
    };
}
#[doc(inline)]
pub use __export_stream_handler_async_impl as __export_stream_async;
#[cfg(target_arch = "wasm32")]
#[unsafe(
    link_section = "component-type:wit-bindgen:0.57.1:trigger-kinesis:handler@0.1.0:stream-handler-async-with-all-of-its-exports-removed:encoded world"
)]
#[doc(hidden)]
#[allow(clippy::octal_escapes)]
pub static __WIT_BINDGEN_COMPONENT_TYPE: [u8; 748] = *b"\
\0asm\x0d\0\x01\0\0\x19\x16wit-component-encoding\x04\0\x07\xc1\x04\x01A\x02\x01\
A\x02\x01B\x0f\x01p}\x01ks\x01r\x07\x04data\0\x0dpartition-keys\x11explicit-hash\
-key\x01\x0fsequence-numbers\x13sub-sequence-numberw\x1aapproximate-arrival-mill\
isw\x0fidempotency-keys\x04\0\x0dstream-record\x03\0\x02\x01r\x04\x0cstart-milli\
sw\x0aend-millisw\x0afinal-call\x7f\x10terminated-early\x7f\x04\0\x06window\x03\0\
\x04\x01k\x05\x01k\0\x01r\x07\x0astream-arns\x08shard-ids\x07attempty\x14millis-\
behind-latestw\x0dfencing-tokenw\x06window\x06\x0cwindow-state\x07\x04\0\x0dbatc\
h-context\x03\0\x08\x01py\x01q\x03\x04done\0\0\x0bfailed-from\x01y\0\x0cfailed-i\
tems\x01\x0a\0\x04\0\x07outcome\x03\0\x0b\x01r\x02\x07outcome\x0c\x0cwindow-stat\
e\x07\x04\0\x0cbatch-result\x03\0\x0d\x03\0#trigger-kinesis:handler/types@0.1.0\x05\
\0\x04\0Rtrigger-kinesis:handler/stream-handler-async-with-all-of-its-exports-re\
moved@0.1.0\x04\0\x0b:\x01\04stream-handler-async-with-all-of-its-exports-remove\
d\x03\0\0\0G\x09producers\x01\x0cprocessed-by\x02\x0dwit-component\x070.247.0\x10\
wit-bindgen-rust\x060.57.1";
#[inline(never)]
#[doc(hidden)]
pub fn __link_custom_section_describing_imports() {
    wit_bindgen::rt::maybe_link_cabi_realloc();
}
