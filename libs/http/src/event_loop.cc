#include "postrider/http/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace postrider {
namespace {

constexpr std::chrono::milliseconds kLongestSleep{1000};
constexpr int kEventsPerTurn = 256;

[[noreturn]] void ThrowErrno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

EventLoop::EventLoop() {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ < 0) ThrowErrno("epoll_create1");
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_fd_;
  if (wake_fd_ < 0 || epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) != 0) {
    const int error = errno;
    if (wake_fd_ >= 0) close(wake_fd_);
    close(epoll_fd_);
    errno = error;
    ThrowErrno("eventfd of the event loop");
  }
}

EventLoop::~EventLoop() {
  close(wake_fd_);
  close(epoll_fd_);
}

void EventLoop::Run() {
  thread_ = std::this_thread::get_id();
  while (!stop_) Turn();
  thread_ = std::thread::id();
}

void EventLoop::Stop() {
  stop_ = true;
  Wake();
}

void EventLoop::Post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  // The loop looks for tasks before it sleeps, so its own thread need not wake it.
  if (thread_ != std::this_thread::get_id()) Wake();
}

void EventLoop::Wake() {
  if (woken_.exchange(true)) return;
  const std::uint64_t one = 1;
  // It cannot fail: the counter is far from its limit.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

EventLoop::TimerId EventLoop::RunAt(Clock::time_point when, Task task) {
  const TimerId id{when, next_timer_++};
  timers_.emplace(id, std::move(task));
  return id;
}

void EventLoop::Cancel(TimerId timer) { timers_.erase(timer); }

bool EventLoop::Watch(int fd, bool readable, bool writable, FdHandler& handler) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= watched_.size()) watched_.resize(std::max<std::size_t>(index + 1, 64));
  Watched& entry = watched_[index];
  epoll_event event{};
  event.data.fd = fd;
  if (readable) event.events |= EPOLLIN;
  if (writable) event.events |= EPOLLOUT;
  const bool known = entry.handler != nullptr;
  entry.handler = &handler;
  if (known && entry.events == event.events) return true;
  entry.events = event.events;
  if (epoll_ctl(epoll_fd_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0) return true;
  // Someone closed the descriptor, or a copy of it, without telling us.
  if (known && errno == ENOENT && epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0) return true;
  if (!known && errno == EEXIST && epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) == 0)
    return true;
  entry = {};
  return false;
}

void EventLoop::Unwatch(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= watched_.size() || watched_[index].handler == nullptr) return;
  watched_[index] = {};
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::Clock::time_point EventLoop::last_turn() const {
  return Clock::time_point(Clock::duration(last_turn_.load(std::memory_order_relaxed)));
}

int EventLoop::WaitMs() {
  {
    const std::lock_guard lock(mutex_);
    if (!posted_.empty()) return 0;
  }
  if (timers_.empty()) return static_cast<int>(kLongestSleep.count());
  const auto wait =
      std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.when - Clock::now());
  return static_cast<int>(std::clamp(wait, std::chrono::milliseconds(0), kLongestSleep).count());
}

void EventLoop::Turn() {
  last_turn_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
  std::array<epoll_event, kEventsPerTurn> events;
  const int count = epoll_wait(epoll_fd_, events.data(), kEventsPerTurn, WaitMs());
  if (count < 0 && errno != EINTR) ThrowErrno("epoll_wait");
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    Dispatch(event.data.fd, event.events);
  }
  RunDueTimers();
  RunPosted();
}

void EventLoop::Dispatch(int fd, std::uint32_t events) {
  if (fd == wake_fd_) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(wake_fd_, &count, sizeof count);
    woken_ = false;  // before the tasks are taken: a later Post writes again
    return;
  }
  FdHandler* const handler = watched_[static_cast<std::size_t>(fd)].handler;
  if (handler == nullptr) return;  // unwatched by an earlier callback of this turn
  handler->OnReady(fd, {.readable = (events & EPOLLIN) != 0,
                        .writable = (events & EPOLLOUT) != 0,
                        .failed = (events & (EPOLLERR | EPOLLHUP)) != 0});
}

void EventLoop::RunDueTimers() {
  // A timer made by a timer waits for the next turn, even when it is due already.
  const TimerId limit{Clock::now(), next_timer_};
  while (!timers_.empty() && timers_.begin()->first < limit) {
    if (timers_.begin()->first.number >= limit.number) break;
    auto node = timers_.extract(timers_.begin());
    node.mapped()();
  }
}

void EventLoop::RunPosted() {
  {
    const std::lock_guard lock(mutex_);
    running_.swap(posted_);
  }
  for (Task& task : running_) std::exchange(task, nullptr)();
  running_.clear();
}

}  // namespace postrider
