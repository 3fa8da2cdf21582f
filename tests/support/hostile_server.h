#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace postrider::testing {

/// A request as it came over the wire.
struct RawRequest {
  std::string head;  ///< request line and headers with their line ends, without the empty line
  std::string body;

  std::string Method() const { return head.substr(0, head.find(' ')); }
  /// The value of the first header of that name (any case), without surrounding blanks.
  std::optional<std::string> Header(std::string_view name) const;
  std::size_t CountHeader(std::string_view name) const;
};

class HostileServer;

/// One accepted connection, for the script that plays the server on it.
class Peer {
 public:
  Peer(HostileServer& server, int fd, int number) : server_(server), fd_(fd), number_(number) {}

  /// Reads one request with a Content-Length body (or none), and remembers it in the server.
  /// nullopt: the other side closed first, or the server is being stopped.
  std::optional<RawRequest> ReadRequest();

  /// Reads up to the empty line, and not the body; remembers nothing.
  std::optional<RawRequest> ReadHead();

  /// Returns false when the other side is gone.
  bool Send(std::string_view bytes);

  /// Closes with a RST instead of a FIN.
  void Reset();

  /// Waits until the other side closes. Returns false when the server is being stopped.
  bool WaitForClose();

  /// The same, without taking what the other side sends, so that its sending stalls.
  void WaitWithoutReading();

  int fd() const { return fd_; }
  /// 1 for the first connection that the server accepted.
  int number() const { return number_; }

 private:
  bool Fill();

  HostileServer& server_;
  int fd_;
  int number_;
  std::string buffer_;
};

/// An HTTP server on 127.0.0.1 that does exactly what its script says, byte by byte: for all that
/// no proper server would do. The script runs once per connection, in a thread of its own; when it
/// returns, the connection is closed. Stopping it shuts all connections down, so a script that is
/// stuck in Send, ReadRequest or WaitForClose comes back.
class HostileServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit HostileServer(Script script);
  ~HostileServer();
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;

  int port() const { return port_; }
  std::string Url(std::string_view path = "/", std::string_view scheme = "http") const;

  int connections() const;
  /// Requests that ReadRequest has read, in that order.
  std::vector<RawRequest> requests() const;

  /// Waits until so many requests have been read; false when that takes longer than 20 s.
  bool WaitForRequests(std::size_t count);

  /// Closes all connections and waits for their scripts. Called by the destructor.
  void Stop();

 private:
  friend class Peer;
  void Accept();
  void Serve(int fd, int number);
  void Remember(const RawRequest& request);

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> open_;
  std::vector<RawRequest> requests_;
  int connections_ = 0;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

/// An answer with a Content-Length.
std::string Answer(int status, std::string_view body = "", std::string_view more_headers = "");

/// Answers each request with `answer` for as long as the connection lasts.
HostileServer::Script Always(std::string answer);

}  // namespace postrider::testing
