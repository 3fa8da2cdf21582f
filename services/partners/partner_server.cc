#include "partner_server.h"

#include <httplib.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "fault_switch.h"
#include "request_log.h"
#include "sockets.h"

namespace postrider::partners {
namespace {

using nlohmann::json;

constexpr const char* kJson = "application/json";

/// Threads for connections; a hanging or idle one holds its thread.
constexpr std::size_t kThreads = 128;
/// Longer than a client's idle limit, as a partner's should be.
constexpr time_t kKeepAliveSeconds = 75;

std::string WholeSeconds(Duration duration) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

PartnerAnswer Refusal(int status, const std::string& error) {
  return {status, {{"error", error}}, error};
}

}  // namespace

class PartnerServer::Impl {
 public:
  Impl(PartnerApi api, PartnerClock clock, int port)
      : api_(std::move(api)), clock_(std::move(clock)), limits_(api_.limits) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_tcp_nodelay(true);
    server_.set_keep_alive_max_count(1'000'000);
    server_.set_keep_alive_timeout(kKeepAliveSeconds);
    AddRoutes();
    port_ = port != 0 ? port : server_.bind_to_any_port("127.0.0.1");
    if (port_ <= 0 || (port != 0 && !server_.bind_to_port("127.0.0.1", port))) {
      throw std::runtime_error("cannot listen on 127.0.0.1:" + std::to_string(port));
    }
    DeepenListenQueue(port_);
    thread_ = std::thread([this] {
      server_.listen_after_bind();
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    let_go_.notify_all();
    // stop() before the loop has begun would be lost.
    while (!server_.is_running() && !Stopped()) std::this_thread::yield();
    server_.stop();
    ShutDownConnections(port_);
    thread_.join();
  }

  int port() const { return port_; }

 private:
  void AddRoutes() {
    server_.Post("/_control",
                 [this](const auto& request, auto& response) { Control(request, response); });
    server_.Get("/_seen", [this](const auto&, auto& response) {
      const std::lock_guard lock(mutex_);
      response.set_content(log_.ToJson().dump(-1, ' ', false, json::error_handler_t::replace),
                           kJson);
    });
    server_.Delete("/_seen", [this](const auto&, auto& response) {
      const std::lock_guard lock(mutex_);
      log_.Clear();
      response.status = 204;
    });
    server_.Post(api_.collection,
                 [this](const auto& request, auto& response) { Create(request, response); });
    server_.Get(api_.collection + "/([^/]+)", [this](const auto& request, auto& response) {
      const std::lock_guard lock(mutex_);
      const PartnerAnswer answer =
          Authorized(request) ? api_.find(request.matches[1]) : Refusal(401, "unauthorized");
      Send(answer, response);
    });
  }

  void Control(const httplib::Request& request, httplib::Response& response) {
    std::optional<std::string> wrong;
    {
      const std::lock_guard lock(mutex_);
      const json command = json::parse(request.body, nullptr, false);
      wrong = IsNewKey(command) ? SetKey(command) : faults_.Set(command, clock_());
    }
    let_go_.notify_all();
    response.status = wrong ? 400 : 200;
    response.set_content(wrong ? json{{"error", *wrong}}.dump() : "{}", kJson);
  }

  static bool IsNewKey(const json& command) {
    return command.is_object() && command.size() == 1 && command.contains("api_key");
  }

  /// From now on only the new one is taken: the former has expired.
  std::optional<std::string> SetKey(const json& command) {
    const json& key = command.at("api_key");
    if (!key.is_string()) return "api_key is the new X-Api-Key, a text";
    api_.api_key = key.get<std::string>();
    return std::nullopt;
  }

  void Create(const httplib::Request& request, httplib::Response& response) {
    std::unique_lock lock(mutex_);
    const Fault fault = faults_.Next(clock_());
    SeenRequest seen = Note(request);
    const bool slow = fault.mode == Fault::Mode::kSlow;
    if (slow && !fault.after) Pause(lock, fault.delay);
    if (slow || fault.after || fault.mode == Fault::Mode::kOk) {
      const PartnerAnswer answer = Judge(request, response);
      Send(answer, response);
      seen.outcome = answer.outcome;
    } else {
      seen.outcome = ToString(fault.mode);
    }
    const bool answers = Falsify(fault, response);
    seen.status = answers ? response.status : 0;
    log_.Add(std::move(seen));
    if (slow && fault.after) Pause(lock, fault.delay);
    if (answers) return;
    if (fault.mode == Fault::Mode::kHang) HangUntilLetGo(lock);
    ResetConnection(port_, request.remote_port);
  }

  SeenRequest Note(const httplib::Request& request) const {
    return {clock_(),
            request.method,
            request.path,
            request.get_header_value("Idempotency-Key"),
            request.get_header_value("Postrider-Event"),
            request.get_header_value("Postrider-Attempt"),
            "",
            0};
  }

  bool Authorized(const httplib::Request& request) const {
    return api_.api_key.empty() || request.get_header_value("X-Api-Key") == api_.api_key;
  }

  /// Credentials, limits, and then the partner's own business.
  PartnerAnswer Judge(const httplib::Request& request, httplib::Response& response) {
    if (!Authorized(request)) return Refusal(401, "unauthorized");
    const std::string client =
        api_.api_key.empty() ? request.remote_addr : request.get_header_value("X-Api-Key");
    const Admission admission = limits_.Admit(client, clock_());
    if (admission.kind != Admission::Kind::kAdmitted) {
      response.set_header("Retry-After", WholeSeconds(admission.retry_after));
      return Refusal(429, admission.kind == Admission::Kind::kBanned ? "banned" : "limited");
    }
    return api_.create(request.get_header_value("Idempotency-Key"), request.body, clock_());
  }

  /// Replaces the answer as the fault wants it; false when there is to be none.
  bool Falsify(const Fault& fault, httplib::Response& response) const {
    switch (fault.mode) {
      case Fault::Mode::kOk:
      case Fault::Mode::kSlow:
        return true;
      case Fault::Mode::kHang:
      case Fault::Mode::kReset:
        return false;
      case Fault::Mode::kDown:
        Send({fault.status, {{"error", "down"}}, ""}, response);
        if (fault.retry_after) response.set_header("Retry-After", WholeSeconds(*fault.retry_after));
        return true;
      case Fault::Mode::kLie:
        Send({200, api_.lie(fault.code), ""}, response);
        return true;
    }
    return true;
  }

  static void Send(const PartnerAnswer& answer, httplib::Response& response) {
    response.status = answer.status;
    response.set_content(answer.body.dump(-1, ' ', false, json::error_handler_t::replace), kJson);
  }

  void Pause(std::unique_lock<std::mutex>& lock, Duration delay) {
    let_go_.wait_for(lock, delay, [this] { return stopping_; });
  }

  void HangUntilLetGo(std::unique_lock<std::mutex>& lock) {
    let_go_.wait(lock, [this, generation = faults_.generation()] {
      return stopping_ || faults_.generation() != generation;
    });
  }

  bool Stopped() {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }

  PartnerApi api_;
  PartnerClock clock_;
  std::mutex mutex_;
  std::condition_variable let_go_;
  ClientLimits limits_;
  FaultSwitch faults_;
  RequestLog log_;
  bool stopping_ = false;
  bool stopped_ = false;
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

PartnerServer::PartnerServer(PartnerApi api, PartnerClock clock, int port)
    : impl_(std::make_unique<Impl>(std::move(api), std::move(clock), port)) {}

PartnerServer::~PartnerServer() = default;

std::string PartnerServer::url() const {
  return "http://127.0.0.1:" + std::to_string(impl_->port());
}

}  // namespace postrider::partners
