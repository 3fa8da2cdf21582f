#include "listen_error.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace postrider {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

/// Binds and listens for a moment; gives the `errno` of what failed, 0 when nothing did.
int TryToListen(const addrinfo& address) {
  const int fd = socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int on = 1;
  int error = 0;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd, address.ai_addr, address.ai_addrlen) != 0 || listen(fd, 1) != 0) {
    error = errno;
  }
  close(fd);
  return error;
}

std::string Advice(int error, const std::string& setting) {
  switch (error) {
    case EADDRINUSE:
      return "Another process listens there, perhaps another relay: stop it, or give " + setting +
             " another port (0 takes a free one).";
    case EACCES:
      return "Ports below 1024 need the capability CAP_NET_BIND_SERVICE: give " + setting +
             " a higher port.";
    case EADDRNOTAVAIL:
      return "This machine does not have the address: give " + setting +
             " one that it has, or 0.0.0.0 for all of them.";
    default:
      return "Give " + setting + " another address.";
  }
}

}  // namespace

std::string ToText(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
}

std::string ListenError(const ListenAddress& address, const std::string& setting) {
  const std::string start = "cannot listen on " + ToText(address) + " (" + setting + "): ";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  const int failed = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints,
                                 &list);
  if (failed != 0) {
    return start + gai_strerror(failed) + ". Give " + setting +
           " an IP address of this machine or a name that resolves to one.";
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
  int error = 0;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    error = TryToListen(*one);
    if (error == 0) return start + "the address was taken for a moment. Start again.";
  }
  return start + std::generic_category().message(error) + ". " + Advice(error, setting);
}

}  // namespace postrider
