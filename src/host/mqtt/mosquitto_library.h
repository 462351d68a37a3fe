// host/mqtt/mosquitto_library.h — libmosquitto, loaded at the first use of a broker.
#pragma once
#include <mosquitto.h>

#include "base/result.h"

namespace kt::host {

/// The functions of libmosquitto.so.1 that are used.
struct MosquittoLibrary {
  /// Loads it once. Unavailable, naming the package, when the machine has none. Lives on: host
  /// loop.
  static Result<const MosquittoLibrary*> load();

  decltype(&::mosquitto_lib_init) init = nullptr;
  decltype(&::mosquitto_new) create = nullptr;
  decltype(&::mosquitto_destroy) destroy = nullptr;
  decltype(&::mosquitto_username_pw_set) set_user = nullptr;
  decltype(&::mosquitto_int_option) set_option = nullptr;
  decltype(&::mosquitto_void_option) set_pointer = nullptr;
  decltype(&::mosquitto_connect_async) connect = nullptr;
  decltype(&::mosquitto_disconnect) disconnect = nullptr;
  decltype(&::mosquitto_publish) publish = nullptr;
  decltype(&::mosquitto_socket) socket = nullptr;
  decltype(&::mosquitto_want_write) want_write = nullptr;
  decltype(&::mosquitto_loop_read) loop_read = nullptr;
  decltype(&::mosquitto_loop_write) loop_write = nullptr;
  decltype(&::mosquitto_loop_misc) loop_misc = nullptr;
  decltype(&::mosquitto_connect_callback_set) on_connect = nullptr;
  decltype(&::mosquitto_publish_callback_set) on_publish = nullptr;
  decltype(&::mosquitto_log_callback_set) on_log = nullptr;
  decltype(&::mosquitto_strerror) error_text = nullptr;
};

}  // namespace kt::host
