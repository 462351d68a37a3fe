#include "invoke/guest_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace kt::invoke {
namespace {

std::string file_name(const ComponentId& component, const char* suffix) {
  std::string name = component.str();
  for (char& c : name) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20)
      c = '_';
  }
  return name + suffix;
}

Error file_error(const std::string& path, int error) {
  ErrorCode code = ErrorCode::Unavailable;
  if (error == ENOSPC || error == EDQUOT)
    code = ErrorCode::StorageFull;
  else if (error == EROFS || error == EACCES || error == EPERM)
    code = ErrorCode::ReadOnly;
  return Error(code, "can not write the guest log " + path + ": " + std::strerror(error));
}

Result<int> open_for_append(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0)
    return fail(file_error(path, errno));
  return file;
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<GuestLog>> GuestLog::open(const std::string& folder,
                                                 const ComponentId& component, Echo echo) {
  if (folder.empty()) {
    TRY(const int no_out, open_for_append("/dev/null"));
    TRY(const int no_err, open_for_append("/dev/null"));
    return std::unique_ptr<GuestLog>(new GuestLog(no_out, no_err, echo));
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(file_error(folder, error.value()));
  TRY(const int out, open_for_append(folder + "/" + file_name(component, "_stdout.txt")));
  auto err = open_for_append(folder + "/" + file_name(component, "_stderr.txt"));
  if (!err) {
    ::close(out);
    return fail(std::move(err).error());
  }
  return std::unique_ptr<GuestLog>(new GuestLog(out, *err, echo));
}

GuestLog::~GuestLog() {
  ::close(files_[0]);
  ::close(files_[1]);
}

void GuestLog::append(GuestStream stream, std::string_view bytes) noexcept {
  if (bytes.empty())
    return;
  if (!write_all(files_[static_cast<int>(stream)], bytes))
    dropped_bytes_ += bytes.size();
  if (echo_ == Echo::ToStderr)
    write_all(STDERR_FILENO, bytes);
}

void CallLog::write(GuestStream stream, std::string_view bytes) noexcept {
  if (log_ == nullptr)
    return;
  std::string& pending = pending_[static_cast<int>(stream)];
  if (pending.size() + bytes.size() <= kFlushBytes) {
    pending.append(bytes);
    return;
  }
  log_->append(stream, pending);
  pending.clear();
  log_->append(stream, bytes);
}

void CallLog::flush() noexcept {
  if (log_ == nullptr)
    return;
  for (const GuestStream stream : {GuestStream::Stdout, GuestStream::Stderr}) {
    log_->append(stream, pending_[static_cast<int>(stream)]);
    pending_[static_cast<int>(stream)].clear();
  }
}

}  // namespace kt::invoke
