#include "sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <functional>
#include <memory>

namespace postrider::partners {
namespace {

int PortOf(int fd, int (*name_of)(int, sockaddr*, socklen_t*)) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  if (name_of(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  return address.sin_family == AF_INET ? ntohs(address.sin_port) : -1;
}

// cpp-httplib does not hand out its sockets, so they are found among ours.
void ForEachSocket(int server_port, const std::function<void(int fd)>& use) {
  const std::unique_ptr<DIR, int (*)(DIR*)> descriptors(opendir("/proc/self/fd"), closedir);
  if (descriptors == nullptr) return;
  while (const dirent* entry = readdir(descriptors.get())) {
    const int fd = std::atoi(entry->d_name);
    if (fd > 2 && PortOf(fd, getsockname) == server_port) use(fd);
  }
}

void ForEachConnection(int server_port, const std::function<void(int fd, int client_port)>& use) {
  ForEachSocket(server_port, [&](int fd) {
    const int client_port = PortOf(fd, getpeername);
    if (client_port > 0) use(fd, client_port);
  });
}

}  // namespace

bool ResetConnection(int server_port, int client_port) {
  bool done = false;
  ForEachConnection(server_port, [&](int fd, int port) {
    if (port != client_port) return;
    // Connecting to "nothing" dissolves the association, and tells the peer with an RST.
    sockaddr nothing{};
    nothing.sa_family = AF_UNSPEC;
    done = connect(fd, &nothing, sizeof(nothing)) == 0;
  });
  return done;
}

void DeepenListenQueue(int server_port) {
  ForEachSocket(server_port, [](int fd) {
    int listening = 0;
    socklen_t size = sizeof(listening);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) return;
    listen(fd, SOMAXCONN);
  });
}

void ShutDownConnections(int server_port) {
  ForEachConnection(server_port, [](int fd, int) { shutdown(fd, SHUT_RDWR); });
}

}  // namespace postrider::partners
