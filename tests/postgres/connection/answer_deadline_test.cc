#include "answer_deadline.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace postrider {
namespace {

using std::chrono::milliseconds;
using Clock = AnswerDeadline::Clock;

/// Two ends of a connection.
class Ends {
 public:
  Ends() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds_), 0); }
  ~Ends() {
    for (const int fd : fds_) close(fd);
  }
  int here() const { return fds_[0]; }
  int there() const { return fds_[1]; }

 private:
  int fds_[2];
};

/// Whether anything is heard from the other end, if only that it is closed.
bool Hears(int fd, milliseconds patience) {
  pollfd end{fd, POLLIN, 0};
  return poll(&end, 1, static_cast<int>(patience.count())) > 0;
}

bool IsClosed(int fd) {
  char byte;
  return Hears(fd, milliseconds(20000)) && recv(fd, &byte, 1, 0) == 0;
}

TEST(AnswerDeadlineTest, EndsTheWaitingForAnAnswerThatDoesNotCome) {
  const Ends ends;
  AnswerDeadline deadline(ends.here());
  deadline.Begin(Clock::now() + milliseconds(50));
  EXPECT_TRUE(IsClosed(ends.here()));
  EXPECT_TRUE(IsClosed(ends.there()));
  EXPECT_FALSE(deadline.End());
}

TEST(AnswerDeadlineTest, WhatEndedInTimeIsLeftAlone) {
  const Ends ends;
  AnswerDeadline deadline(ends.here());
  deadline.Begin(Clock::now() + milliseconds(50));
  EXPECT_TRUE(deadline.End());
  EXPECT_FALSE(Hears(ends.here(), milliseconds(300)));
  EXPECT_TRUE(deadline.End());
}

TEST(AnswerDeadlineTest, AShorterOneWakesItFromALongerOne) {
  const Ends ends;
  AnswerDeadline deadline(ends.here());
  deadline.Begin(Clock::now() + std::chrono::hours(1));
  EXPECT_FALSE(Hears(ends.here(), milliseconds(50)));
  EXPECT_TRUE(deadline.End());
  deadline.Begin(Clock::now() + milliseconds(50));
  EXPECT_TRUE(IsClosed(ends.here()));
}

TEST(AnswerDeadlineTest, ALimitHoldsForWhatBeginsLater) {
  const Ends ends;
  AnswerDeadline deadline(ends.here());
  deadline.Limit(Clock::now() + milliseconds(50));
  deadline.Begin(Clock::now() + std::chrono::hours(1));
  EXPECT_TRUE(IsClosed(ends.here()));
  EXPECT_FALSE(deadline.End());
}

TEST(AnswerDeadlineTest, ANumberThatIsUsedAgainBelongsToSomebodyElse) {
  int own[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, own), 0);
  AnswerDeadline deadline(own[0]);
  deadline.Begin(Clock::now() + milliseconds(100));
  // The library has closed the connection, and another one got its number.
  const Ends others;
  ASSERT_EQ(dup2(others.here(), own[0]), own[0]);
  EXPECT_TRUE(IsClosed(own[1]));
  EXPECT_FALSE(deadline.End());
  EXPECT_FALSE(Hears(others.there(), milliseconds(100)));
  ASSERT_EQ(send(own[0], "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_TRUE(Hears(others.there(), milliseconds(20000)));
  close(own[0]);
  close(own[1]);
}

}  // namespace
}  // namespace postrider
