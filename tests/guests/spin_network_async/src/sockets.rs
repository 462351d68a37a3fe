// Sockets of WASI 0.3, for every version that has these functions.

mod sockets {
    use super::{debug, wit_stream};
    use crate::wasi::sockets::ip_name_lookup::resolve_addresses;
    use crate::wasi::sockets::types::*;

    type Deed = Result<String, String>;

    pub async fn run(words: &[&str]) -> Deed {
        match words {
            ["tcp", host, port] => tcp(address(host, port)?).await,
            ["udp", host, port] => udp(address(host, port)?).await,
            ["udp-connected", host, port] => udp_connected(address(host, port)?).await,
            ["bind-tcp", host] => {
                let bound = new_tcp()?.bind(address(host, "0")?);
                bound.map(|_| "bound".to_owned()).map_err(debug)
            }
            ["bind-udp", host] => {
                let bound = new_udp()?.bind(address(host, "0")?);
                bound.map(|_| "bound".to_owned()).map_err(debug)
            }
            ["listen"] => new_tcp()?.listen().map(|_| "listening".to_owned()).map_err(debug),
            ["lookup", name] => {
                let found = resolve_addresses((*name).to_owned()).await;
                found.map(|all| format!("{all:?}")).map_err(debug)
            }
            ["tcp-options"] => tcp_options(),
            ["udp-options"] => udp_options(),
            _ => Err(format!("unknown: {words:?}")),
        }
    }

    fn address(host: &str, port: &str) -> Result<IpSocketAddress, String> {
        let address: std::net::Ipv4Addr = host.parse().map_err(debug)?;
        let [a, b, c, d] = address.octets();
        let port = port.parse().map_err(debug)?;
        Ok(IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) }))
    }

    fn new_tcp() -> Result<TcpSocket, String> {
        TcpSocket::create(IpAddressFamily::Ipv4).map_err(debug)
    }
    fn new_udp() -> Result<UdpSocket, String> {
        UdpSocket::create(IpAddressFamily::Ipv4).map_err(debug)
    }

    async fn tcp(to: IpSocketAddress) -> Deed {
        let socket = new_tcp()?;
        socket.connect(to).await.map_err(debug)?;
        let known = socket.get_remote_address().is_ok() && socket.get_local_address().is_ok();
        let (mut writer, reader) = wit_stream::new();
        let sent = socket.send(reader);
        let (incoming, received) = socket.receive();
        let left = writer.write_all(b"ping".to_vec()).await;
        drop(writer);
        sent.await.map_err(debug)?;
        let answer = incoming.collect().await;
        received.await.map_err(debug)?;
        Ok(format!("tcp {} {} {known}", String::from_utf8_lossy(&answer), left.len()))
    }

    async fn udp(to: IpSocketAddress) -> Deed {
        let socket = new_udp()?;
        socket.send(b"ping".to_vec(), Some(to)).await.map_err(debug)?;
        let (answer, _) = socket.receive().await.map_err(debug)?;
        socket.get_local_address().map_err(debug)?;
        Ok(format!("udp {}", String::from_utf8_lossy(&answer)))
    }

    async fn udp_connected(to: IpSocketAddress) -> Deed {
        let socket = new_udp()?;
        socket.connect(to).map_err(debug)?;
        socket.get_remote_address().map_err(debug)?;
        socket.send(b"ping".to_vec(), None).await.map_err(debug)?;
        let (answer, _) = socket.receive().await.map_err(debug)?;
        socket.disconnect().map_err(debug)?;
        let after = socket.get_remote_address().is_err();
        Ok(format!("udp {} {after}", String::from_utf8_lossy(&answer)))
    }

    fn tcp_options() -> Deed {
        let socket = new_tcp()?;
        let second = 1_000_000_000;
        let set = [
            socket.set_listen_backlog_size(16),
            socket.set_keep_alive_enabled(true),
            socket.set_keep_alive_idle_time(60 * second),
            socket.set_keep_alive_interval(5 * second),
            socket.set_keep_alive_count(3),
            socket.set_hop_limit(9),
            socket.set_receive_buffer_size(65536),
            socket.set_send_buffer_size(65536),
        ];
        let set = set.iter().filter(|result| result.is_ok()).count();
        let keep_alive = (
            socket.get_keep_alive_enabled().map_err(debug)?,
            socket.get_keep_alive_idle_time().map_err(debug)? / second,
            socket.get_keep_alive_interval().map_err(debug)? / second,
            socket.get_keep_alive_count().map_err(debug)?,
        );
        let hops = socket.get_hop_limit().map_err(debug)?;
        let receive = socket.get_receive_buffer_size().map_err(debug)? >= 65536;
        let send = socket.get_send_buffer_size().map_err(debug)? >= 65536;
        let listening = socket.get_is_listening();
        let family = socket.get_address_family() == IpAddressFamily::Ipv4;
        Ok(format!("{set} {keep_alive:?} {hops} {receive} {send} {listening} {family}"))
    }

    fn udp_options() -> Deed {
        let socket = new_udp()?;
        let set = [
            socket.set_unicast_hop_limit(9),
            socket.set_receive_buffer_size(65536),
            socket.set_send_buffer_size(65536),
        ];
        let set = set.iter().filter(|result| result.is_ok()).count();
        let hops = socket.get_unicast_hop_limit().map_err(debug)?;
        let receive = socket.get_receive_buffer_size().map_err(debug)? >= 65536;
        let send = socket.get_send_buffer_size().map_err(debug)? >= 65536;
        let family = socket.get_address_family() == IpAddressFamily::Ipv4;
        Ok(format!("{set} {hops} {receive} {send} {family}"))
    }
}
