#include "commands/readiness.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace postrider {
namespace {

constexpr std::size_t kMostBytes = 64 * 1024;

class Socket {
 public:
  explicit Socket(const addrinfo& address)
      : descriptor_(socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, 0)) {
    const timeval patience{5, 0};
    if (descriptor_ < 0 ||
        setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(descriptor_, address.ai_addr, address.ai_addrlen) != 0) {
      Fail();
    }
  }
  ~Socket() { Close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void Send(const std::string& text) {
    if (send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(text.size())) {
      Fail();
    }
  }

  std::string ReceiveAll() {
    std::string text;
    std::array<char, 4096> part{};
    while (text.size() < kMostBytes) {
      const ssize_t count = recv(descriptor_, part.data(), part.size(), 0);
      if (count < 0) Fail();
      if (count == 0) break;
      text.append(part.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  [[noreturn]] void Fail() {
    // A timeout of the socket shows as EAGAIN, or EINPROGRESS while connecting.
    const bool timed_out = errno == EAGAIN || errno == EINPROGRESS;
    const std::string cause = timed_out ? "no answer within 5 s" : std::strerror(errno);
    Close();
    throw std::runtime_error(cause);
  }
  void Close() {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
  }

  int descriptor_;
};

std::string LocalHost(const std::string& host) {
  if (host.empty() || host == "0.0.0.0" || host == "*") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

Readiness Parse(const std::string& answer) {
  Readiness readiness;
  const auto blank = answer.find(' ');
  if (!answer.starts_with("HTTP/1.") || blank == std::string::npos || answer.size() < blank + 4) {
    throw std::runtime_error("what answers there does not speak HTTP");
  }
  readiness.status = std::atoi(answer.substr(blank + 1, 3).c_str());
  const auto end_of_head = answer.find("\r\n\r\n");
  if (end_of_head != std::string::npos) readiness.body = answer.substr(end_of_head + 4);
  return readiness;
}

Readiness Ask(const std::string& host, int port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (error != 0) throw std::runtime_error(gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  Socket connection(*found);
  connection.Send("GET /readyz HTTP/1.0\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  return Parse(connection.ReceiveAll());
}

}  // namespace

Readiness AskReadiness(const ListenAddress& address) {
  const std::string host = LocalHost(address.host);
  try {
    return Ask(host, address.port);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("no answer from the relay at " + host + ":" +
                             std::to_string(address.port) + ": " + error.what());
  }
}

}  // namespace postrider
