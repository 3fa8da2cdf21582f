#include "postrider/admin/metrics_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>

#include "listen_error.h"

namespace postrider {
namespace {

constexpr std::size_t kThreads = 4;
constexpr std::size_t kMaxWaiting = 64;  // connections, where the library can bound them
constexpr std::size_t kMaxRequestBody = 4096;
constexpr time_t kSilenceSeconds = 5;

constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* kTextType = "text/plain; charset=utf-8";

/// cpp-httplib bounds the queue of its pool from version 0.14 on.
template <typename Pool = httplib::ThreadPool>
Pool* NewPool() {
  if constexpr (std::is_constructible_v<Pool, std::size_t, std::size_t>) {
    return new Pool(kThreads, kMaxWaiting);
  } else {
    return new Pool(kThreads);
  }
}

/// Unlike the library's default this does not let a second process listen on the same port.
void SetSocketOptions(socket_t socket) {
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

std::string ToJson(const HealthReport& report) {
  using nlohmann::ordered_json;
  ordered_json checks = ordered_json::array();
  for (const HealthCheck& check : report.checks) {
    checks.push_back({{"name", check.name}, {"ok", check.ok}, {"detail", check.detail}});
  }
  const ordered_json body{{"ok", report.ok}, {"checks", std::move(checks)}};
  return body.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

void RefuseMethod(const httplib::Request&, httplib::Response& response) {
  response.status = 405;
  response.set_header("Allow", "GET, HEAD");
  response.set_content("Only GET and HEAD are answered here.\n", kTextType);
}

/// Runs what makes up a page; whatever it throws is answered by 500.
template <typename Page>
httplib::Server::Handler Guarded(Page page) {
  return [page = std::move(page)](const httplib::Request&, httplib::Response& response) {
    response.set_header("Cache-Control", "no-store");
    try {
      page(response);
    } catch (const std::exception& error) {
      response.status = 500;
      response.set_content(std::string(error.what()) + '\n', kTextType);
    }
  };
}

httplib::Server::Handler HealthPage(std::function<HealthReport()> report) {
  return Guarded([report = std::move(report)](httplib::Response& response) {
    const HealthReport health = report();
    response.status = health.ok ? 200 : 503;
    response.set_content(ToJson(health), "application/json");
  });
}

httplib::Server::Handler MetricsPage(std::function<std::string()> metrics) {
  return Guarded([metrics = std::move(metrics)](httplib::Response& response) {
    response.set_content(metrics(), kMetricsType);
  });
}

void SetLimits(httplib::Server& server) {
  server.new_task_queue = [] { return NewPool(); };
  server.set_socket_options(SetSocketOptions);
  // A kept connection would hold one of the few threads between two scrapes.
  server.set_keep_alive_max_count(1);
  server.set_read_timeout(kSilenceSeconds);
  server.set_write_timeout(kSilenceSeconds);
  server.set_payload_max_length(kMaxRequestBody);
}

void SetRefusals(httplib::Server& server) {
  server.Post(".*", RefuseMethod);
  server.Put(".*", RefuseMethod);
  server.Patch(".*", RefuseMethod);
  server.Delete(".*", RefuseMethod);
  server.Options(".*", RefuseMethod);
  server.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
    const bool unknown_method = request.method == "TRACE" || request.method == "CONNECT";
    if (unknown_method) RefuseMethod(request, response);
    if (!response.body.empty()) return;
    const std::string known = "See /healthz, /readyz and /metrics.\n";
    response.set_content(response.status == 404 ? "Not found. " + known : known, kTextType);
  });
}

}  // namespace

/// The server of the library and the thread that accepts for it.
class MetricsServer::Listener {
 public:
  explicit Listener(Pages pages) {
    SetLimits(server_);
    SetRefusals(server_);
    server_.Get("/healthz", HealthPage(std::move(pages.healthz)));
    server_.Get("/readyz", HealthPage(std::move(pages.readyz)));
    server_.Get("/metrics", MetricsPage(std::move(pages.metrics)));
  }

  /// Gives the bound port.
  int Start(const ListenAddress& address) {
    const std::lock_guard lock(mutex_);
    if (stopped_ || thread_.joinable()) return address.port;
    const int port = Bind(address);
    if (port <= 0) throw std::runtime_error(ListenError(address, "metrics.listen"));
    thread_ = std::thread([this] {
      server_.listen_after_bind();
      ended_ = true;
    });
    // The library ignores a stop that comes before its loop has begun.
    while (!server_.is_running() && !ended_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return port;
  }

  void Stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (!thread_.joinable()) return;
    server_.stop();
    thread_.join();
  }

  bool Serving() const { return server_.is_running(); }

 private:
  int Bind(const ListenAddress& address) {
    if (address.port == 0) return server_.bind_to_any_port(address.host);
    return server_.bind_to_port(address.host, address.port) ? address.port : -1;
  }

  httplib::Server server_;
  std::mutex mutex_;  // guards stopped_ and thread_
  bool stopped_ = false;
  std::thread thread_;
  std::atomic<bool> ended_ = false;
};

MetricsServer::MetricsServer(ListenAddress address, Pages pages)
    : address_(std::move(address)), listener_(std::make_unique<Listener>(std::move(pages))) {}

MetricsServer::~MetricsServer() { Stop(); }

void MetricsServer::Start() { address_.port = listener_->Start(address_); }

void MetricsServer::Stop() { listener_->Stop(); }

bool MetricsServer::Serving() const { return listener_->Serving(); }

std::string MetricsServer::AddressText() const { return ToText(address_); }

}  // namespace postrider
