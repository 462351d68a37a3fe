//! TLS as the host chose it for a component and a host name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::Error;

use crate::policy::TlsChoice;

/// Few choices exist in an app; a config keeps what makes a second connection cheaper.
const CONFIGS_MAX: usize = 64;

static CONFIGS: OnceLock<Mutex<HashMap<TlsChoice, Arc<ClientConfig>>>> = OnceLock::new();
/// Reading the machine's roots takes milliseconds and parses hundreds of files.
static PLATFORM_ROOTS: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();

fn configuration(what: impl std::fmt::Display) -> Error {
    Error::InternalError(Some(format!("client TLS: {what}")))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(configuration)
}

fn roots_of(choice: &TlsChoice) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    if choice.platform_roots {
        let load = || rustls_native_certs::load_native_certs().certs;
        roots.add_parsable_certificates(PLATFORM_ROOTS.get_or_init(load).iter().cloned());
    }
    if choice.well_known_roots {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(pem) = &choice.roots {
        for certificate in certificates(pem)? {
            roots.add(certificate).map_err(configuration)?;
        }
    }
    Ok(roots)
}

fn make_config(choice: &TlsChoice) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(configuration)?
        .with_root_certificates(roots_of(choice)?);
    let mut config = match (&choice.certificate, &choice.key) {
        (Some(chain), Some(key)) => {
            let key = PrivateKeyDer::from_pem_slice(key).map_err(configuration)?;
            builder.with_client_auth_cert(certificates(chain)?, key).map_err(configuration)?
        }
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

async fn config_of(choice: TlsChoice) -> Result<Arc<ClientConfig>, Error> {
    let known = CONFIGS.get_or_init(Mutex::default);
    if let Some(config) = known.lock().unwrap_or_else(PoisonError::into_inner).get(&choice) {
        return Ok(config.clone());
    }
    let wanted = choice.clone();
    let made = tokio::task::spawn_blocking(move || make_config(&wanted)).await;
    let config = Arc::new(made.map_err(configuration)??);
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= CONFIGS_MAX {
        known.clear();
    }
    known.insert(choice, config.clone());
    Ok(config)
}

fn explain(error: std::io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_)) => Error::TlsCertificateError,
        Some(rustls::Error::AlertReceived(alert)) => Error::TlsAlertReceived {
            alert_id: Some(u8::from(*alert)),
            alert_message: Some(format!("{alert:?}")),
        },
        _ => Error::TlsProtocolError,
    }
}

/// `host` is as the request names it: the certificate must be its, whatever address was connected.
pub async fn secure(
    stream: TcpStream,
    host: &str,
    choice: TlsChoice,
) -> Result<TlsStream<TcpStream>, Error> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare).map_err(|_| Error::HttpRequestUriInvalid)?;
    let connector = TlsConnector::from(config_of(choice).await?);
    connector.connect(name, stream).await.map_err(explain)
}
