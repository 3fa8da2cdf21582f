#include "answer_deadline.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace postrider {
namespace {

int Duplicate(int socket) {
  const int duplicate = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) {
    throw std::system_error(errno, std::generic_category(), "duplicating a descriptor");
  }
  return duplicate;
}

}  // namespace

AnswerDeadline::AnswerDeadline(int socket)
    : socket_(Duplicate(socket)), thread_([this] { Watch(); }) {}

AnswerDeadline::~AnswerDeadline() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_one();
  thread_.join();
  close(socket_);
}

void AnswerDeadline::Begin(Clock::time_point deadline) {
  const std::lock_guard lock(mutex_);
  deadline_ = deadline;
  WakeBefore(deadline);
}

bool AnswerDeadline::End() {
  const std::lock_guard lock(mutex_);
  deadline_ = Clock::time_point::max();
  return !cut_;
}

void AnswerDeadline::Limit(Clock::time_point end) {
  const std::lock_guard lock(mutex_);
  end_ = std::min(end_, end);
  WakeBefore(end_);
}

void AnswerDeadline::WakeBefore(Clock::time_point time) {
  if (time < wakes_at_) wakes_.notify_one();
}

void AnswerDeadline::Watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_ && !cut_) {
    wakes_at_ = std::min(deadline_, end_);
    if (wakes_at_ == Clock::time_point::max()) {
      wakes_.wait(lock);
    } else if (Clock::now() < wakes_at_) {
      wakes_.wait_until(lock, wakes_at_);
    } else {
      shutdown(socket_, SHUT_RDWR);
      cut_ = true;
    }
  }
}

}  // namespace postrider
