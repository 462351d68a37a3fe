#include "worker/tumbling_window.h"

#include <algorithm>

#include "base/check.h"

namespace kt::worker {
namespace {

/// Tells an open window, whose state may be empty, from the mere place of the next one.
constexpr char kOpen = 'o';

}  // namespace

void TumblingWindow::read(const lease::WindowState& stored) {
  start_ = stored.start;
  state_.reset();
  if (!stored.state.empty())
    state_ = std::make_shared<const std::string>(stored.state.substr(1));
}

void TumblingWindow::restore(const lease::WindowState& stored) {
  read(stored);
}

void TumblingWindow::inherit(const lease::WindowState& left) {
  read(left);
  ++version_;
}

void TumblingWindow::note_time(WallTime time) {
  done_until_ = std::max(done_until_.value_or(time), time);
}

bool TumblingWindow::over(std::optional<WallTime> next) const {
  if (!open())
    return false;
  if (next)
    return *next > *start_;
  return done_until_ && *done_until_ >= *start_ + length_;
}

invoke::WindowContext TumblingWindow::window(WallTime start) const {
  invoke::WindowContext context;
  context.start = start;
  context.end = start + length_;
  return context;
}

void TumblingWindow::describe(WallTime start, invoke::CallContext& context) const {
  CHECK(!open() || start == *start_, "records of a window are called while another is open");
  context.window = window(start);
  context.window_state = state_;
}

void TumblingWindow::describe_final(invoke::CallContext& context) const {
  CHECK(open(), "a window is ended that is not open");
  context.window = window(*start_);
  context.window->final_call = true;
  context.window_state = state_;
}

void TumblingWindow::mark_early(invoke::CallContext& context) {
  context.window->final_call = true;
  context.window->terminated_early = true;
}

void TumblingWindow::take(WallTime start, std::string state) {
  CHECK(state.size() <= kWindowStateMax, "a window's state is too long to be kept");
  CHECK(!start_ || start >= *start_, "a window went backwards");
  start_ = start;
  state_ = std::make_shared<const std::string>(std::move(state));
  ++version_;
}

void TumblingWindow::end() {
  CHECK(open(), "a window is ended that is not open");
  start_ = *start_ + length_;
  state_.reset();
  ++version_;
}

void TumblingWindow::start_afresh(WallTime start) {
  start_ = start;
  state_.reset();
  ++version_;
}

std::optional<lease::WindowState> TumblingWindow::unsaved() const {
  if (version_ == saved_version_ || !start_)
    return std::nullopt;
  lease::WindowState out;
  out.start = *start_;
  if (state_)
    out.state = kOpen + *state_;
  return out;
}

void TumblingWindow::saved(std::uint64_t version) {
  saved_version_ = std::max(saved_version_, version);
}

}  // namespace kt::worker
