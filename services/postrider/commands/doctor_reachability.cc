// Checks of `doctor` on what is seen from here: the hosts of the destinations, and what a process
// may have open.
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "commands/doctor_findings.h"
#include "relay/descriptors.h"

namespace postrider {
namespace {

struct HostAndPort {
  std::string host;
  std::string port;
};

/// Of an http or https URL; nullopt when the host itself is a template.
std::optional<HostAndPort> TargetOf(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return std::nullopt;
  std::string authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  authority = authority.substr(authority.rfind('@') + 1);
  if (authority.empty() || authority.find('{') != std::string::npos) return std::nullopt;
  HostAndPort target{authority, url.substr(0, scheme) == "https" ? "443" : "80"};
  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon != std::string::npos) {
    target.host = authority.substr(0, colon);
    target.port = authority.substr(colon + 1);
  }
  if (target.host.starts_with('[')) target.host = target.host.substr(1, target.host.size() - 2);
  return target;
}

/// Why a connection to the address cannot be made within `patience`; empty: it can.
std::string TryToConnect(const addrinfo& address, milliseconds patience) {
  const int descriptor =
      socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return std::strerror(errno);
  int error = connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd wanted{descriptor, POLLOUT, 0};
    socklen_t size = sizeof error;
    if (poll(&wanted, 1, static_cast<int>(patience.count())) <= 0) {
      error = ETIMEDOUT;
    } else if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
      error = errno;
    }
  }
  close(descriptor);
  return error == 0 ? "" : std::strerror(error);
}

std::optional<Finding> Look(const DestinationSettings& destination) {
  const auto target = TargetOf(destination.http.url);
  if (!target) return std::nullopt;
  const std::string where = destination.name + ": " + target->host;
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(target->host.c_str(), target->port.c_str(), &wanted, &found);
  if (error != 0) {
    return Finding{"error", "reachability", where + " is not found by DNS: " + gai_strerror(error),
                   "Check the host in http.url, and the resolver of this machine."};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::string problem;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    problem = TryToConnect(*address, destination.http.connect_timeout);
    if (problem.empty()) return std::nullopt;
  }
  return Finding{"error", "reachability",
                 where + " takes no connection at port " + target->port + ": " + problem,
                 "Check firewalls and routes from this machine to there, and that the partner "
                 "listens."};
}

}  // namespace

Findings CheckReachability(CommandContext& context) {
  Findings findings;
  for (const DestinationSettings& destination : context.settings().destinations) {
    if (auto finding = Look(destination)) findings.push_back(std::move(*finding));
  }
  return findings;
}

Findings CheckDescriptors(CommandContext& context) {
  const std::uint64_t needed = NeededDescriptors(context.settings());
  const std::uint64_t most = ReadDescriptorLimits().most;
  if (needed <= most) return {};
  return {{"warning", "descriptors",
           "the destinations may have so much in flight that a relay needs " +
               std::to_string(needed) + " descriptors; started from here it may have " +
               std::to_string(most),
           "Raise the hard limit (LimitNOFILE in the unit file, ulimit -Hn), or lower "
           "concurrency."}};
}

}  // namespace postrider
