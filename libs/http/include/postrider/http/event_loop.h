#pragma once

#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace postrider {

/// Is told when a watched descriptor is ready.
class FdHandler {
 public:
  struct Readiness {
    bool readable = false;
    bool writable = false;
    bool failed = false;  ///< the descriptor is in error or hung up
  };
  virtual void OnReady(int fd, Readiness readiness) = 0;

 protected:
  ~FdHandler() = default;
};

/// One thread's loop: epoll, timers, and tasks from other threads.
///
/// Only Post, Stop and last_turn may be called from any thread; everything else belongs to the
/// thread that is in Run (or to the one that builds the loop, before Run). All callbacks run on
/// that thread with no lock held. A callback should not throw: what it throws leaves Run.
class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using Task = std::function<void()>;

  /// Names a timer; a default one names none.
  struct TimerId {
    Clock::time_point when;
    std::uint64_t number = 0;
    auto operator<=>(const TimerId&) const = default;
  };

  /// Throws std::system_error when the kernel gives no epoll or eventfd.
  EventLoop();
  /// Tasks and timers that have not run are dropped. The loop must not be running.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Runs until Stop. Returns at once when Stop came first; can not be run again afterwards.
  void Run();

  /// Makes Run return after its present turn. May come early, twice, and from any thread.
  void Stop();

  /// Runs `task` on the loop's thread, in the order of posting, never from inside Post.
  void Post(Task task);

  /// Runs `task` once, at or shortly after `when` (resolution 1 ms). Timers of the same time run in
  /// the order in which they were made.
  TimerId RunAt(Clock::time_point when, Task task);

  /// The timer will not run; nothing happens when it has run already.
  void Cancel(TimerId timer);

  /// Watches `fd` (level-triggered) in place of what was watched before. The handler must outlive
  /// the watch. Returns false when the kernel refuses (out of memory or watches).
  bool Watch(int fd, bool readable, bool writable, FdHandler& handler);

  /// To be called before `fd` is closed. Nothing happens for an `fd` that is not watched.
  void Unwatch(int fd);

  /// When the loop last went round. It does so at least once a second even when there is nothing to
  /// do, so an older time means that the loop hangs (or does not run).
  Clock::time_point last_turn() const;

 private:
  struct Watched {
    FdHandler* handler = nullptr;
    std::uint32_t events = 0;
  };

  void Turn();
  int WaitMs();
  void Dispatch(int fd, std::uint32_t events);
  void RunDueTimers();
  void RunPosted();
  void Wake();

  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::atomic<bool> stop_{false};
  std::atomic<bool> woken_{false};  ///< the eventfd has been written and not yet read
  std::atomic<std::thread::id> thread_{};
  std::atomic<Clock::rep> last_turn_{0};
  std::vector<Watched> watched_;  ///< by descriptor
  std::map<TimerId, Task> timers_;
  std::uint64_t next_timer_ = 1;
  std::mutex mutex_;
  std::vector<Task> posted_;  ///< guarded by mutex_
  std::vector<Task> running_;
};

}  // namespace postrider
