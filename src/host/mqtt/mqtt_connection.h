// host/mqtt/mqtt_connection.h — One connection to a broker: libmosquitto, driven by the host loop.
//
// Why: the library speaks the protocol and owns its socket, but must neither wait nor run a thread.
// So the loop watches the socket and calls the library when it can read or write. The library's
// callbacks only note what happened; it is acted upon when the library has returned.
//
//   Connecting ──CONNACK──► Ready ──fault, deadline, close()──► Closed
//       └── next address ┘ └────────────── no address left, refused ┘
#pragma once
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "host/mqtt/mqtt_client.h"

namespace kt::host {

/// Lives on: the client's loop. Kept alive by its client and by what it waits for. close() must
/// come before the clock goes: the client's destructor sees to it.
class MqttConnection final : public std::enable_shared_from_this<MqttConnection>, private Alarm {
 public:
  MqttConnection(Executor executor, Clock& clock, const MosquittoLibrary& library,
                 const MqttAddress& address, const MqttOptions& options);
  virtual ~MqttConnection();

  /// Once, when it is held by a shared_ptr. Tries one address after the other.
  void start(std::vector<asio::ip::address> addresses);
  /// Waits until it is ready, or says why it is closed. The caller holds a shared_ptr, here too:
  Task<Result<Unit>> ready();
  Task<Result<Unit>> publish(std::string topic, ByteView payload, int quality);
  void close(Error why);
  bool is_ready() const { return state_ == State::Ready; }
  bool closed() const { return state_ == State::Closed; }

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
  enum class State { Connecting, Ready, Closed };
  struct Publishing {
    OneShot done;
    std::optional<Result<Unit>> result;
  };
  struct Tls;

  static void on_connect(mosquitto*, void* self, int code);
  static void on_publish(mosquitto*, void* self, int message);
  static void on_log(mosquitto*, void* self, int level, const char* text);

  void connect_next();
  int begin_connect(const asio::ip::address& address);
  bool configure();
  void watch_read();
  void watch_write();
  void can_read();
  void can_write();
  /// After each call of the library: acts upon what it noted and waits for what it wants.
  void settle(int code);
  void connected(int code);
  void acknowledge();
  void lost(const std::string& what);
  std::string text_of(int code) const;
  void release();
  void fire() override;
  void arm(Duration after);
  void close(ErrorCode code, const std::string& what);

  Executor executor_;
  Clock& clock_;
  const MosquittoLibrary& library_;
  const MqttAddress address_;
  const MqttOptions options_;
  State state_ = State::Connecting;
  std::vector<asio::ip::address> addresses_;
  std::size_t next_address_ = 0;
  std::unique_ptr<Tls> tls_;
  mosquitto* client_ = nullptr;  // owned; freed by release()
  Descriptor descriptor_;        // a duplicate of the library's socket
  std::uint64_t attempt_ = 0;    // tells late waits of an earlier socket
  bool reading_ = false;
  bool writing_ = false;
  bool reached_ = false;           // TCP is connected
  std::optional<int> greeted_;     // noted: CONNACK's code
  std::vector<int> acknowledged_;  // noted: messages that are done
  std::string logged_;             // noted: the library's last error
  std::map<int, std::shared_ptr<Publishing>> publishing_;
  Event changed_;
  std::optional<Clock::AlarmId> alarm_;
  Error why_;
};

}  // namespace kt::host
