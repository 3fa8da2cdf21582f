#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "receiver/behaviour.h"
#include "receiver/record_file.h"
#include "receiver/request.h"
#include "receiver/sockets.h"

namespace postrider::receiver {

/// A fast HTTP/1.1 server on 127.0.0.1 that records each POST and then answers as it is told: the
/// oracle of fault tests and benches. A request is in the file before its answer leaves.
/// `POST /_control` changes the behaviour (behaviour.h); `GET /_count` tells the number of
/// requests recorded and of open connections.
///
/// All in one thread: the one that calls Run().
class Receiver {
 public:
  /// Listens at once. Throws std::system_error when the port or the file cannot be had.
  /// @param port    0: a free one
  /// @param record  path of the file; empty: nothing is recorded
  Receiver(int port, const std::string& record, Behaviour behaviour);
  ~Receiver();

  int port() const { return port_; }
  std::string url() const;

  /// Serves until Stop().
  void Run();

  /// Callable from any thread, before Run() too.
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;

  struct Connection;

  /// An answer that waits for its time.
  struct Delayed {
    Clock::time_point due;
    std::uint64_t connection;
    int status;
    bool operator>(const Delayed& other) const { return due > other.due; }
  };

  /// An answer that waits for the record to be written.
  struct Decided {
    std::uint64_t connection;
    int status;  ///< 0: reset
  };

  // A connection may be gone after any of these.
  void Serve(std::uint64_t id, std::uint32_t events);
  void Accept();
  void Read(Connection& connection);
  /// Takes the request at the front of the buffer, if it is complete and none is being answered.
  void TakeRequest(Connection& connection);
  void TakePost(Connection& connection, const Request& request);
  void TakeControl(Connection& connection, const Request& request);
  void Answer(Connection& connection, int status);
  void Send(Connection& connection, std::string text);
  void Write(Connection& connection);
  void Finish(Connection& connection);
  void Close(Connection& connection, bool reset);
  void AnswerDecided();
  void AnswerDue();
  void LetHangingGo();
  int WaitMs() const;
  Connection* Find(std::uint64_t id) const;

  Behaviour behaviour_;
  std::map<int, std::string> answers_;  ///< by status, until the behaviour changes
  RecordFile record_;
  Descriptor epoll_;
  Descriptor listener_;
  Descriptor stop_;
  int port_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t last_id_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<Decided> decided_;
  std::priority_queue<Delayed, std::vector<Delayed>, std::greater<>> delayed_;
};

}  // namespace postrider::receiver
