//! Host calls: what a guest asks of the host beside WASI, handed to C++ as an operation with values.
//!
//! The many versions of an interface (crate `host`) turn their arguments into values and the answer
//! back into theirs; which store, which server and whether it is allowed is decided in C++. A call
//! owns its arguments until it is answered, so a guest that is interrupted meanwhile takes nothing
//! away from under the callee; its answer is then dropped.

use std::ffi::c_void;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::oneshot;

/// Bytes of arguments and answers that may be on their way for one instance. One that asks many
/// things at a time could else have the host hold any number of the largest answers.
const ON_THEIR_WAY_MAX: usize = 256 << 20;

/// What crosses in either direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    #[default]
    None,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
}

/// kt_value of the header: a view in an argument, and of the callee's memory in an answer.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct kt_value {
    kind: u8,
    number: u64,
    data: *const c_void,
    length: usize,
}

const NONE: u8 = 0;
const BOOLEAN: u8 = 1;
const INTEGER: u8 = 2;
const REAL: u8 = 3;
const TEXT: u8 = 4;
const BYTES: u8 = 5;
const LIST: u8 = 6;
const BUFFER: u8 = 7;

/// Why the host did not do it: kt_host_fault of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Other,
    AccessDenied,
    NotFound,
    Invalid,
    TooMany,
    Full,
    Unavailable,
    Type,
    Query,
    Conflict,
    Interrupted,
}

impl Fault {
    fn of(code: i32) -> Fault {
        match code {
            2 => Fault::AccessDenied,
            3 => Fault::NotFound,
            4 => Fault::Invalid,
            5 => Fault::TooMany,
            6 => Fault::Full,
            7 => Fault::Unavailable,
            8 => Fault::Type,
            9 => Fault::Query,
            10 => Fault::Conflict,
            11 => Fault::Interrupted,
            _ => Fault::Other,
        }
    }
}

#[derive(Clone, Debug)]
pub struct HostError {
    pub fault: Fault,
    pub message: String,
    /// What some faults say beside, by the operation.
    pub detail: Value,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for HostError {}

impl HostError {
    pub fn new(fault: Fault, message: impl Into<String>) -> HostError {
        HostError { fault, message: message.into(), detail: Value::None }
    }
    fn unanswered() -> HostError {
        HostError::new(Fault::Interrupted, "the host ended before it answered")
    }
    fn malformed(what: &str) -> HostError {
        HostError::new(Fault::Other, format!("the host answered with {what}"))
    }
}

impl Value {
    /// What it holds beside itself.
    fn weight(&self) -> usize {
        match self {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::List(items) => {
                items.iter().map(Value::weight).sum::<usize>() + std::mem::size_of_val(&items[..])
            }
            _ => 0,
        }
    }
}

/// Readers of an answer: what has another shape than the header promises is an error, not a panic.
impl Value {
    pub fn integer(self) -> Result<i64, HostError> {
        match self {
            Value::Integer(value) => Ok(value),
            _ => Err(HostError::malformed("something else than an integer")),
        }
    }
    pub fn real(self) -> Result<f64, HostError> {
        match self {
            Value::Real(value) => Ok(value),
            _ => Err(HostError::malformed("something else than a real number")),
        }
    }
    pub fn boolean(self) -> Result<bool, HostError> {
        match self {
            Value::Boolean(value) => Ok(value),
            _ => Err(HostError::malformed("something else than a boolean")),
        }
    }
    pub fn text(self) -> Result<String, HostError> {
        match self {
            Value::Text(value) => Ok(value),
            _ => Err(HostError::malformed("something else than text")),
        }
    }
    pub fn bytes(self) -> Result<Vec<u8>, HostError> {
        match self {
            Value::Bytes(value) => Ok(value),
            _ => Err(HostError::malformed("something else than bytes")),
        }
    }
    pub fn list(self) -> Result<Vec<Value>, HostError> {
        match self {
            Value::List(values) => Ok(values),
            _ => Err(HostError::malformed("something else than a list")),
        }
    }
    /// The items of a list of exactly N.
    pub fn items<const N: usize>(self) -> Result<[Value; N], HostError> {
        self.list()?.try_into().map_err(|_| HostError::malformed("a list of another length"))
    }
    /// None stays none; anything else is read by `read`.
    pub fn optional<T>(
        self,
        read: impl FnOnce(Value) -> Result<T, HostError>,
    ) -> Result<Option<T>, HostError> {
        match self {
            Value::None => Ok(None),
            value => read(value).map(Some),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Boolean(value)
    }
}
impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Integer(value)
    }
}
impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Real(value)
    }
}
impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::Text(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.to_owned())
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Value {
        Value::Bytes(value)
    }
}
impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Value {
        Value::List(value)
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::None, Into::into)
    }
}
impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Value {
        Value::List(items.into_iter().map(Into::into).collect())
    }
}

/// Views of values, alive as long as they are. Inner lists lie in boxes that do not move.
struct Views {
    top: Box<[kt_value]>,
    _inner: Vec<Box<[kt_value]>>,
}

impl Views {
    fn of(values: &[Value]) -> Views {
        let mut inner = vec![];
        let top = values.iter().map(|value| view(value, &mut inner)).collect();
        Views { top, _inner: inner }
    }
}

fn view(value: &Value, inner: &mut Vec<Box<[kt_value]>>) -> kt_value {
    let plain = |kind, number| kt_value { kind, number, data: std::ptr::null(), length: 0 };
    let bytes =
        |kind, b: &[u8]| kt_value { kind, number: 0, data: b.as_ptr().cast(), length: b.len() };
    match value {
        Value::None => plain(NONE, 0),
        Value::Boolean(value) => plain(BOOLEAN, u64::from(*value)),
        Value::Integer(value) => plain(INTEGER, *value as u64),
        Value::Real(value) => plain(REAL, value.to_bits()),
        Value::Text(text) => bytes(TEXT, text.as_bytes()),
        Value::Bytes(data) => bytes(BYTES, data),
        Value::List(values) => {
            let items: Box<[kt_value]> = values.iter().map(|v| view(v, inner)).collect();
            let (data, length) = (items.as_ptr().cast(), items.len());
            inner.push(items);
            kt_value { kind: LIST, number: 0, data, length }
        }
    }
}

/// # Safety
/// The value is as the header says, and what it points at can be read. A buffer is taken over.
unsafe fn read(value: &kt_value) -> Result<Value, HostError> {
    // SAFETY: the caller's promise, in all of these.
    let bytes = || match value.length {
        0 => &[][..],
        length => unsafe { std::slice::from_raw_parts(value.data.cast::<u8>(), length) },
    };
    Ok(match value.kind {
        NONE => Value::None,
        BOOLEAN => Value::Boolean(value.number != 0),
        INTEGER => Value::Integer(value.number as i64),
        REAL => Value::Real(f64::from_bits(value.number)),
        TEXT => Value::Text(String::from_utf8_lossy(bytes()).into_owned()),
        BYTES => Value::Bytes(bytes().to_vec()),
        BUFFER => {
            let (data, length) = (value.data.cast_mut().cast::<u8>(), value.length);
            // SAFETY: kt_buffer_new made it with exactly this length and capacity.
            Value::Bytes(unsafe { Vec::from_raw_parts(data, length, length) })
        }
        LIST => {
            let items = match value.length {
                0 => &[][..],
                length => unsafe { std::slice::from_raw_parts(value.data.cast(), length) },
            };
            let read_item = |item| unsafe { read(item) };
            Value::List(items.iter().map(read_item).collect::<Result<_, _>>()?)
        }
        _ => return Err(HostError::malformed("a value of no known kind")),
    })
}

/// kt_host of the header.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
pub struct kt_host {
    user: *mut c_void,
    begin: unsafe extern "C" fn(*mut c_void, *mut c_void) -> *mut c_void,
    call: unsafe extern "C" fn(*mut c_void, u32, *const kt_value, usize, *mut kt_host_call),
    end: unsafe extern "C" fn(*mut c_void),
    release: unsafe extern "C" fn(*mut c_void),
}

/// The host of one linked component; given back when the last instance is gone.
pub struct Host(kt_host);
// SAFETY: the header says that its functions may be called from any thread.
unsafe impl Send for Host {}
unsafe impl Sync for Host {}

impl Host {
    pub fn new(host: kt_host) -> Arc<Host> {
        Arc::new(Host(host))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // SAFETY: the header's contract; called once.
        unsafe { (self.0.release)(self.0.user) }
    }
}

/// One instance's calls of its host. A session begins with the first and ends with the instance.
#[derive(Clone, Default)]
pub struct HostLink(Option<Arc<Session>>);

struct Session {
    host: Arc<Host>,
    call_context: usize,
    begun: OnceLock<usize>,
    on_their_way: Arc<AtomicUsize>,
}

impl Session {
    fn pointer(&self) -> *mut c_void {
        let begin = || {
            let context = self.call_context as *mut c_void;
            // SAFETY: the header's contract.
            unsafe { (self.host.0.begin)(self.host.0.user, context) as usize }
        };
        *self.begun.get_or_init(begin) as *mut c_void
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(session) = self.begun.get() {
            // SAFETY: it was begun, and ends once.
            unsafe { (self.host.0.end)(*session as *mut c_void) }
        }
    }
}

impl HostLink {
    pub fn new(host: Option<&Arc<Host>>, call_context: usize) -> HostLink {
        HostLink(host.map(|host| {
            let host = host.clone();
            Arc::new(Session {
                host,
                call_context,
                begun: OnceLock::new(),
                on_their_way: Arc::default(),
            })
        }))
    }

    /// Asks the host. The future may be dropped at any time; the host is then told when the
    /// instance ends. `operation` is a kt_operation, which says what arguments and answer are.
    pub fn call(
        &self,
        operation: u32,
        arguments: Vec<Value>,
    ) -> impl Future<Output = Result<Value, HostError>> + Send + 'static {
        let session = self.0.clone();
        async move {
            let Some(session) = session else {
                return Err(HostError::new(Fault::AccessDenied, "the host offers nothing"));
            };
            let answered = start(&session, operation, arguments);
            let answer = answered.await.map(Weighed::arrived);
            answer.unwrap_or(Err(HostError::unanswered()))
        }
    }

    /// Tells the host something that needs no answer (a handle is closed).
    pub fn tell(&self, operation: u32, arguments: Vec<Value>) {
        if let Some(session) = &self.0 {
            drop(start(session, operation, arguments));
        }
    }
}

type Answer = Result<Value, HostError>;

/// Something on its way, counted until it arrives or is dropped.
struct Weighed<T> {
    value: T,
    _load: Load,
}

impl<T> Weighed<T> {
    fn arrived(self) -> T {
        self.value
    }
}

struct Load {
    bytes: usize,
    total: Arc<AtomicUsize>,
}

impl Load {
    fn new(bytes: usize, total: &Arc<AtomicUsize>) -> Load {
        total.fetch_add(bytes, Ordering::Relaxed);
        Load { bytes, total: total.clone() }
    }
    fn is_too_much(&self) -> bool {
        self.bytes > 0 && self.total.load(Ordering::Relaxed) > ON_THEIR_WAY_MAX
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn too_much() -> HostError {
    HostError::new(Fault::TooMany, "the guest has too much data on its way to and from its host")
}

/// A call under way: owned by the host until it answers.
#[allow(non_camel_case_types)]
pub struct kt_host_call {
    views: Views,
    _arguments: Vec<Value>,
    answer: oneshot::Sender<Weighed<Answer>>,
    load: Load,
}

impl kt_host_call {
    fn end(self, answer: Answer) {
        let total = self.load.total.clone();
        drop(self.load);
        let load = Load::new(answer.as_ref().map_or(0, Value::weight), &total);
        let value = if load.is_too_much() { Err(too_much()) } else { answer };
        // A guest that was interrupted no longer waits.
        let _ = self.answer.send(Weighed { value, _load: load });
    }
}

fn start(
    session: &Session,
    operation: u32,
    arguments: Vec<Value>,
) -> oneshot::Receiver<Weighed<Answer>> {
    let (answer, answered) = oneshot::channel();
    let load = Load::new(arguments.iter().map(Value::weight).sum(), &session.on_their_way);
    if load.is_too_much() {
        let _ = answer.send(Weighed { value: Err(too_much()), _load: load });
        return answered;
    }
    let views = Views::of(&arguments);
    let call = Box::new(kt_host_call { views, _arguments: arguments, answer, load });
    let (data, count) = (call.views.top.as_ptr(), call.views.top.len());
    let begun = session.pointer();
    // SAFETY: the header's contract. The call is the host's now, and with it what `data` views.
    unsafe { (session.host.0.call)(begun, operation, data, count, Box::into_raw(call)) };
    answered
}

/// Ends a call with its value.
///
/// # Safety
/// `call` is one the host was given and has not answered; `value` is as the header says.
pub unsafe fn answer_host_call(call: *mut kt_host_call, value: &kt_value) {
    // SAFETY: the caller's promise.
    let (call, value) = unsafe { (Box::from_raw(call), read(value)) };
    call.end(value);
}

/// Ends a call with a fault.
///
/// # Safety
/// As `answer_host_call`; `detail` may be null.
pub unsafe fn refuse_host_call(
    call: *mut kt_host_call,
    code: i32,
    message: String,
    detail: *const kt_value,
) {
    // SAFETY: the caller's promise.
    let (call, detail) = unsafe { (Box::from_raw(call), detail.as_ref().map(|v| read(v))) };
    let detail = detail.and_then(Result::ok).unwrap_or_default();
    call.end(Err(HostError { fault: Fault::of(code), message, detail }));
}
