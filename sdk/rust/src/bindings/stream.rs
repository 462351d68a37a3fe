// Made by ../../generate; do not edit.
#[allow(dead_code, clippy::all)]
pub mod trigger_kinesis {
    pub mod handler {
        #[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
        pub mod types {
            #[used]
            #[doc(hidden)]
            static __FORCE_SECTION_REF: fn() = super::super::super::__link_custom_section_describing_imports;
            use super::super::super::_rt;
            #[derive(Clone, Eq, PartialEq)]
            pub struct StreamRecord {
                pub data: _rt::Vec<u8>,
                pub partition_key: _rt::String,
                pub explicit_hash_key: Option<_rt::String>,
                pub sequence_number: _rt::String,
                pub sub_sequence_number: u64,
                pub approximate_arrival_millis: u64,
                pub idempotency_key: _rt::String,
            }
            impl ::core::fmt::Debug for StreamRecord {
                fn fmt(
                    &self,
                    f: &mut ::core::fmt::Formatter<'_>,
                ) -> ::core::fmt::Result {
                    f.debug_struct("StreamRecord")
                        .field("data", &self.data)
                        .field("partition-key", &self.partition_key)
                        .field("explicit-hash-key", &self.explicit_hash_key)
                        .field("sequence-number", &self.sequence_number)
                        .field("sub-sequence-number", &self.sub_sequence_number)
                        .field(
                            "approximate-arrival-millis",
                            &self.approximate_arrival_millis,
                        )
                        .field("idempotency-key", &self.idempotency_key)
                        .finish()
                }
            }
            #[repr(C)]
            #[derive(Clone, Copy, Eq, PartialEq)]
            pub struct Window {
                pub start_millis: u64,
                pub end_millis: u64,
                pub final_call: bool,
                pub terminated_early: bool,
            }
            impl ::core::fmt::Debug for Window {
                fn fmt(
                    &self,
                    f: &mut ::core::fmt::Formatter<'_>,
                ) -> ::core::fmt::Result {
                    f.debug_struct("Window")
                        .field("start-millis", &self.start_millis)
                        .field("end-millis", &self.end_millis)
                        .field("final-call", &self.final_call)
                        .field("terminated-early", &self.terminated_early)
                        .finish()
                }
            }
            #[derive(Clone, Eq, PartialEq)]
            pub struct BatchContext {
                pub stream_arn: _rt::String,
                pub shard_id: _rt::String,
                pub attempt: u32,
                pub millis_behind_latest: u64,
                pub fencing_token: u64,
                pub window: Option<Window>,
                pub window_state: Option<_rt::Vec<u8>>,
            }
            impl ::core::fmt::Debug for BatchContext {
                fn fmt(
                    &self,
                    f: &mut ::core::fmt::Formatter<'_>,
                ) -> ::core::fmt::Result {
                    f.debug_struct("BatchContext")
                        .field("stream-arn", &self.stream_arn)
                        .field("shard-id", &self.shard_id)
                        .field("attempt", &self.attempt)
                        .field("millis-behind-latest", &self.millis_behind_latest)
                        .field("fencing-token", &self.fencing_token)
                        .field("window", &self.window)
                        .field("window-state", &self.window_state)
                        .finish()
                }
            }
            #[derive(Clone, Eq, PartialEq)]
            pub enum Outcome {
                Done,
                FailedFrom(u32),
                FailedItems(_rt::Vec<u32>),
            }
            impl ::core::fmt::Debug for Outcome {
                fn fmt(
                    &self,
                    f: &mut ::core::fmt::Formatter<'_>,
                ) -> ::core::fmt::Result {
                    match self {
                        Outcome::Done => f.debug_tuple("Outcome::Done").finish(),
                        Outcome::FailedFrom(e) => {
                            f.debug_tuple("Outcome::FailedFrom").field(e).finish()
                        }
                        Outcome::FailedItems(e) => {
                            f.debug_tuple("Outcome::FailedItems").field(e).finish()
                        }
                    }
                }
            }
            #[derive(Clone, Eq, PartialEq)]
            pub struct BatchResult {
                pub outcome: Outcome,
                pub window_state: Option<_rt::Vec<u8>>,
            }
            impl ::core::fmt::Debug for BatchResult {
                fn fmt(
                    &self,
                    f: &mut ::core::fmt::Formatter<'_>,
                ) -> ::core::fmt::Result {
                    f.debug_struct("BatchResult")
                        .field("outcome", &self.outcome)
                        .field("window-state", &self.window_state)
                        .finish()
                }
            }
        }
    }
}
#[allow(dead_code, clippy::all)]
pub mod exports {
    pub mod trigger_kinesis {
        pub mod handler {
            #[allow(dead_code, async_fn_in_trait, unused_imports, clippy::all)]
            pub mod handle {
                #[used]
                #[doc(hidden)]
                static __FORCE_SECTION_REF: fn() = super::super::super::super::__link_custom_section_describing_imports;
                use super::super::super::super::_rt;
                pub type StreamRecord = super::super::super::super::trigger_kinesis::handler::types::StreamRecord;
                pub type BatchContext = super::super::super::super::trigger_kinesis::handler::types::BatchContext;
                pub type BatchResult = super::super::super::super::trigger_kinesis::handler::types::BatchResult;
                #[doc(hidden)]
                #[allow(non_snake_case, unused_unsafe)]
                pub unsafe fn _export_batch_cabi<T_: Guest>(arg0: *mut u8) -> *mut u8 {
                    unsafe {
                        #[cfg(target_arch = "wasm32")] _rt::run_ctors_once();
                        let result39 = {
                            let l0 = *arg0.add(0).cast::<*mut u8>();
                            let l1 = *arg0
                                .add(::core::mem::size_of::<*const u8>())
                                .cast::<usize>();
                            let len2 = l1;
                            let bytes2 = _rt::Vec::from_raw_parts(l0.cast(), len2, len2);
                            let l3 = *arg0
                                .add(2 * ::core::mem::size_of::<*const u8>())
                                .cast::<*mut u8>();
                            let l4 = *arg0
                                .add(3 * ::core::mem::size_of::<*const u8>())
                                .cast::<usize>();
                            let len5 = l4;
                            let bytes5 = _rt::Vec::from_raw_parts(l3.cast(), len5, len5);
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
                                    super::super::super::super::trigger_kinesis::handler::types::StreamRecord {
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
                                super::super::super::super::trigger_kinesis::handler::types::BatchContext {
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
                                                super::super::super::super::trigger_kinesis::handler::types::Window {
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
                        };
                        _rt::cabi_dealloc(
                            arg0,
                            64 + 8 * ::core::mem::size_of::<*const u8>(),
                            8,
                        );
                        let ptr40 = (&raw mut _RET_AREA.0).cast::<u8>();
                        match result39 {
                            Ok(e) => {
                                *ptr40.add(0).cast::<u8>() = (0i32) as u8;
                                let super::super::super::super::trigger_kinesis::handler::types::BatchResult {
                                    outcome: outcome41,
                                    window_state: window_state41,
                                } = e;
                                use super::super::super::super::trigger_kinesis::handler::types::Outcome as V43;
                                match outcome41 {
                                    V43::Done => {
                                        *ptr40
                                            .add(::core::mem::size_of::<*const u8>())
                                            .cast::<u8>() = (0i32) as u8;
                                    }
                                    V43::FailedFrom(e) => {
                                        *ptr40
                                            .add(::core::mem::size_of::<*const u8>())
                                            .cast::<u8>() = (1i32) as u8;
                                        *ptr40
                                            .add(2 * ::core::mem::size_of::<*const u8>())
                                            .cast::<i32>() = _rt::as_i32(e);
                                    }
                                    V43::FailedItems(e) => {
                                        *ptr40
                                            .add(::core::mem::size_of::<*const u8>())
                                            .cast::<u8>() = (2i32) as u8;
                                        let vec42 = <_ as Into<_rt::Vec<_>>>::into(e)
                                            .into_boxed_slice();
                                        let ptr42 = vec42.as_ptr().cast::<u8>();
                                        let len42 = vec42.len();
                                        ::core::mem::forget(vec42);
                                        *ptr40
                                            .add(3 * ::core::mem::size_of::<*const u8>())
                                            .cast::<usize>() = len42;
                                        *ptr40
                                            .add(2 * ::core::mem::size_of::<*const u8>())
                                            .cast::<*mut u8>() = ptr42.cast_mut();
                                    }
                                }
                                match window_state41 {
                                    Some(e) => {
                                        *ptr40
                                            .add(4 * ::core::mem::size_of::<*const u8>())
                                            .cast::<u8>() = (1i32) as u8;
                                        let vec44 = <_ as Into<_rt::Vec<_>>>::into(e)
                                            .into_boxed_slice();
                                        let ptr44 = vec44.as_ptr().cast::<u8>();
                                        let len44 = vec44.len();
                                        ::core::mem::forget(vec44);
                                        *ptr40
                                            .add(6 * ::core::mem::size_of::<*const u8>())
                                            .cast::<usize>() = len44;
                                        *ptr40
                                            .add(5 * ::core::mem::size_of::<*const u8>())
                                            .cast::<*mut u8>() = ptr44.cast_mut();
                                    }
                                    None => {
                                        *ptr40
                                            .add(4 * ::core::mem::size_of::<*const u8>())
                                            .cast::<u8>() = (0i32) as u8;
                                    }
                                };
                            }
                            Err(e) => {
                                *ptr40.add(0).cast::<u8>() = (1i32) as u8;
                                let vec45 = (e.into_bytes()).into_boxed_slice();
                                let ptr45 = vec45.as_ptr().cast::<u8>();
                                let len45 = vec45.len();
                                ::core::mem::forget(vec45);
                                *ptr40
                                    .add(2 * ::core::mem::size_of::<*const u8>())
                                    .cast::<usize>() = len45;
                                *ptr40
                                    .add(::core::mem::size_of::<*const u8>())
                                    .cast::<*mut u8>() = ptr45.cast_mut();
                            }
                        };
                        ptr40
                    }
                }
                #[doc(hidden)]
                #[allow(non_snake_case)]
                pub unsafe fn __post_return_batch<T_: Guest>(arg0: *mut u8) {
                    unsafe {
                        let l0 = i32::from(*arg0.add(0).cast::<u8>());
                        match l0 {
                            0 => {
                                let l1 = i32::from(
                                    *arg0.add(::core::mem::size_of::<*const u8>()).cast::<u8>(),
                                );
                                match l1 {
                                    0 => {}
                                    1 => {}
                                    _ => {
                                        let l2 = *arg0
                                            .add(2 * ::core::mem::size_of::<*const u8>())
                                            .cast::<*mut u8>();
                                        let l3 = *arg0
                                            .add(3 * ::core::mem::size_of::<*const u8>())
                                            .cast::<usize>();
                                        let base4 = l2;
                                        let len4 = l3;
                                        _rt::cabi_dealloc(base4, len4 * 4, 4);
                                    }
                                }
                                let l5 = i32::from(
                                    *arg0
                                        .add(4 * ::core::mem::size_of::<*const u8>())
                                        .cast::<u8>(),
                                );
                                match l5 {
                                    0 => {}
                                    _ => {
                                        let l6 = *arg0
                                            .add(5 * ::core::mem::size_of::<*const u8>())
                                            .cast::<*mut u8>();
                                        let l7 = *arg0
                                            .add(6 * ::core::mem::size_of::<*const u8>())
                                            .cast::<usize>();
                                        let base8 = l6;
                                        let len8 = l7;
                                        _rt::cabi_dealloc(base8, len8 * 1, 1);
                                    }
                                }
                            }
                            _ => {
                                let l9 = *arg0
                                    .add(::core::mem::size_of::<*const u8>())
                                    .cast::<*mut u8>();
                                let l10 = *arg0
                                    .add(2 * ::core::mem::size_of::<*const u8>())
                                    .cast::<usize>();
                                _rt::cabi_dealloc(l9, l10, 1);
                            }
                        }
                    }
                }
                pub trait Guest {
                    #[allow(async_fn_in_trait)]
                    fn batch(
                        context: BatchContext,
                        records: _rt::Vec<StreamRecord>,
                    ) -> Result<BatchResult, _rt::String>;
                }
                #[doc(hidden)]
                #[macro_export]
                macro_rules! __export_trigger_kinesis_handler_handle_0_1_0_cabi {
                    ($ty:ident with_types_in $($path_to_types:tt)*) => {
                        const _ : () = { #[unsafe (export_name =
                        "trigger-kinesis:handler/handle@0.1.0#batch")] unsafe extern "C"
                        fn export_batch(arg0 : * mut u8,) -> * mut u8 { unsafe {
                        $($path_to_types)*:: _export_batch_cabi::<$ty > (arg0) } }
                        #[unsafe (export_name =
                        "cabi_post_trigger-kinesis:handler/handle@0.1.0#batch")] unsafe
                        extern "C" fn _post_return_batch(arg0 : * mut u8,) { unsafe {
                        $($path_to_types)*:: __post_return_batch::<$ty > (arg0) } } };
                    };
                }
                #[doc(hidden)]
                pub use __export_trigger_kinesis_handler_handle_0_1_0_cabi;
                #[cfg_attr(target_pointer_width = "64", repr(align(8)))]
                #[cfg_attr(target_pointer_width = "32", repr(align(4)))]
                struct _RetArea(
                    [::core::mem::MaybeUninit<
                        u8,
                    >; 7 * ::core::mem::size_of::<*const u8>()],
                );
                static mut _RET_AREA: _RetArea = _RetArea(
                    [::core::mem::MaybeUninit::uninit(); 7
                        * ::core::mem::size_of::<*const u8>()],
                );
            }
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
    extern crate alloc as alloc_crate;
    pub use alloc_crate::alloc;
}
/// Generates `#[unsafe(no_mangle)]` functions to export the specified type as
/// the root implementation of all generated traits.
///
/// For more information see the documentation of `wit_bindgen::generate!`.
///
/// ```rust
/// # macro_rules! __export_stream{ ($($t:tt)*) => (); }
/// # trait Guest {}
/// struct MyType;
///
/// impl Guest for MyType {
///     // ...
/// }
///
/// __export_stream!(MyType);
/// ```
#[allow(unused_macros)]
#[doc(hidden)]
#[macro_export]
macro_rules! __export_stream_handler_impl {
    ($ty:ident) => {
        self::__export_stream!($ty with_types_in self);
    };
    ($ty:ident with_types_in $($path_to_types_root:tt)*) => {
        $($path_to_types_root)*::
        exports::trigger_kinesis::handler::handle::__export_trigger_kinesis_handler_handle_0_1_0_cabi!($ty
        with_types_in $($path_to_types_root)*::
        exports::trigger_kinesis::handler::handle); const _ : () = { #[cfg(target_arch =
        "wasm32")] #[unsafe (link_section =
        "component-type:wit-bindgen:0.57.1:trigger-kinesis:handler@0.1.0:stream-handler:imports and exports")]
        #[doc(hidden)] #[allow(clippy::octal_escapes)] pub static
        __WIT_BINDGEN_COMPONENT_TYPE : [u8; 882] = *
        b"\
\0asm\x0d\0\x01\0\0\x19\x16wit-component-encoding\x04\0\x07\xed\x05\x01A\x02\x01\
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
ult\x03\0\x04\x01p\x01\x01j\x01\x05\x01s\x01@\x02\x07context\x03\x07records\x06\0\
\x07\x04\0\x05batch\x01\x08\x04\0$trigger-kinesis:handler/handle@0.1.0\x05\x04\x04\
\0,trigger-kinesis:handler/stream-handler@0.1.0\x04\0\x0b\x14\x01\0\x0estream-ha\
ndler\x03\0\0\0G\x09producers\x01\x0cprocessed-by\x02\x0dwit-component\x070.247.\
0\x10wit-bindgen-rust\x060.57.1";
        };
    };
}
#[doc(inline)]
pub use __export_stream_handler_impl as __export_stream;
#[cfg(target_arch = "wasm32")]
#[unsafe(
    link_section = "component-type:wit-bindgen:0.57.1:trigger-kinesis:handler@0.1.0:stream-handler-with-all-of-its-exports-removed:encoded world"
)]
#[doc(hidden)]
#[allow(clippy::octal_escapes)]
pub static __WIT_BINDGEN_COMPONENT_TYPE: [u8; 736] = *b"\
\0asm\x0d\0\x01\0\0\x19\x16wit-component-encoding\x04\0\x07\xbb\x04\x01A\x02\x01\
A\x02\x01B\x0f\x01p}\x01ks\x01r\x07\x04data\0\x0dpartition-keys\x11explicit-hash\
-key\x01\x0fsequence-numbers\x13sub-sequence-numberw\x1aapproximate-arrival-mill\
isw\x0fidempotency-keys\x04\0\x0dstream-record\x03\0\x02\x01r\x04\x0cstart-milli\
sw\x0aend-millisw\x0afinal-call\x7f\x10terminated-early\x7f\x04\0\x06window\x03\0\
\x04\x01k\x05\x01k\0\x01r\x07\x0astream-arns\x08shard-ids\x07attempty\x14millis-\
behind-latestw\x0dfencing-tokenw\x06window\x06\x0cwindow-state\x07\x04\0\x0dbatc\
h-context\x03\0\x08\x01py\x01q\x03\x04done\0\0\x0bfailed-from\x01y\0\x0cfailed-i\
tems\x01\x0a\0\x04\0\x07outcome\x03\0\x0b\x01r\x02\x07outcome\x0c\x0cwindow-stat\
e\x07\x04\0\x0cbatch-result\x03\0\x0d\x03\0#trigger-kinesis:handler/types@0.1.0\x05\
\0\x04\0Ltrigger-kinesis:handler/stream-handler-with-all-of-its-exports-removed@\
0.1.0\x04\0\x0b4\x01\0.stream-handler-with-all-of-its-exports-removed\x03\0\0\0G\
\x09producers\x01\x0cprocessed-by\x02\x0dwit-component\x070.247.0\x10wit-bindgen\
-rust\x060.57.1";
#[inline(never)]
#[doc(hidden)]
pub fn __link_custom_section_describing_imports() {
    wit_bindgen::rt::maybe_link_cabi_realloc();
}
