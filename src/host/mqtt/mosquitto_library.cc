#include "host/mqtt/mosquitto_library.h"

#include "host/shared_library.h"

namespace kt::host {

namespace {

Result<MosquittoLibrary> load_functions() {
  const auto opened = SharedLibrary::open("libmosquitto.so.1", "libmosquitto1");
  if (!opened)
    return fail(ErrorCode::Unavailable,
                "this machine has no libmosquitto.so.1, which MQTT needs: install the package "
                "libmosquitto1");
  const SharedLibrary& file = *opened;
  MosquittoLibrary library;
  TRY(file.find(library.init, "mosquitto_lib_init"));
  TRY(file.find(library.create, "mosquitto_new"));
  TRY(file.find(library.destroy, "mosquitto_destroy"));
  TRY(file.find(library.set_user, "mosquitto_username_pw_set"));
  TRY(file.find(library.set_option, "mosquitto_int_option"));
  TRY(file.find(library.set_pointer, "mosquitto_void_option"));
  TRY(file.find(library.connect, "mosquitto_connect_async"));
  TRY(file.find(library.disconnect, "mosquitto_disconnect"));
  TRY(file.find(library.publish, "mosquitto_publish"));
  TRY(file.find(library.socket, "mosquitto_socket"));
  TRY(file.find(library.want_write, "mosquitto_want_write"));
  TRY(file.find(library.loop_read, "mosquitto_loop_read"));
  TRY(file.find(library.loop_write, "mosquitto_loop_write"));
  TRY(file.find(library.loop_misc, "mosquitto_loop_misc"));
  TRY(file.find(library.on_connect, "mosquitto_connect_callback_set"));
  TRY(file.find(library.on_publish, "mosquitto_publish_callback_set"));
  TRY(file.find(library.on_log, "mosquitto_log_callback_set"));
  TRY(file.find(library.error_text, "mosquitto_strerror"));
  if (library.init() != MOSQ_ERR_SUCCESS)
    return fail(ErrorCode::Unavailable, "libmosquitto could not be initialized");
  return library;
}

}  // namespace

Result<const MosquittoLibrary*> MosquittoLibrary::load() {
  static const Result<MosquittoLibrary> library = load_functions();
  if (!library)
    return fail(library.error());
  return &*library;
}

}  // namespace kt::host
