// cli/admin_port.h — The admin port of a running consumer, and the file that tells where it is.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "admin/admin_server.h"

namespace kt::cli {

/// Where `status` looks for the address of the consumer that uses a state directory.
std::filesystem::path admin_file(const std::filesystem::path& state_dir);

/// Lives on: the worker's loop. Serve close() before its end.
class AdminPort {
 public:
  struct Request {
    std::string flag;    ///< `--admin`: an address, "off", or empty
    bool local = false;  ///< `up --local`: on unless it is off, and any port will do
    std::filesystem::path state_dir;
  };

  /// Listens and writes the file; null when nobody wants it. InUse: the port is taken.
  static Result<std::unique_ptr<AdminPort>> open(Loop& loop, Clock& clock, const Control& control,
                                                 const Request& request, const Log& log);
  AdminPort(const AdminPort&) = delete;
  AdminPort& operator=(const AdminPort&) = delete;
  /// Removes the file.
  ~AdminPort();

  const std::string& url() const { return server_->url(); }
  Task<Result<Unit>> close();

 private:
  AdminPort(std::unique_ptr<admin::AdminServer> server, std::filesystem::path file)
      : server_(std::move(server)), file_(std::move(file)) {}

  std::unique_ptr<admin::AdminServer> server_;
  std::filesystem::path file_;
};

}  // namespace kt::cli
