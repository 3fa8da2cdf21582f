#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <thread>

namespace postrider::test {

/// Passes bytes between clients and a port of 127.0.0.1, until it is told to swallow them: as a
/// firewall does that has forgotten its connections, or a proxy that hangs. Nobody is told then:
/// no connection is closed or reset before the proxy itself is destroyed.
class TcpProxy {
 public:
  explicit TcpProxy(int target_port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  int port() const { return port_; }
  /// From here on nothing comes through, in either direction. New connections are accepted, and
  /// that is all.
  void Swallow();
  /// New connections come through again; those that were swallowed stay as they are.
  void Heal();
  /// Connections of which nobody has been told that they are dead.
  int swallowed() const;

 private:
  struct Pair;

  void Accept();
  void Pass(Pair& pair);
  bool Forward(Pair& pair, int from, int to);

  const int target_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> swallows_{false};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::list<Pair> pairs_;  ///< guarded by mutex_ when it grows
  std::thread acceptor_;
};

}  // namespace postrider::test
