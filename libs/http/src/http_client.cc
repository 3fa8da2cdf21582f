#include "postrider/http/http_client.h"

#include <sys/resource.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "curl_handles.h"
#include "curl_sockets.h"
#include "transfer.h"

namespace postrider {
namespace {

constexpr unsigned kIndexBits = 32;

long DefaultMaxConnections() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return static_cast<long>(std::clamp<rlim_t>(limit.rlim_cur / 4, 64, 65536));
}

}  // namespace

/// The client proper, apart from the header so that libcurl stays inside.
class HttpClient::Engine {
 public:
  Engine(EventLoop& loop, HttpClientOptions options);
  ~Engine();

  RequestId Start(HttpRequest request, const EgressGuard* guard, Done done, Written written);
  void Cancel(RequestId id);
  void AbandonAll();
  std::size_t in_flight() const { return in_flight_; }

 private:
  /// A request in flight (`done` is set), or a place for one.
  struct Call {
    Call(CurlSockets& sockets, const HttpClientOptions& options, std::size_t place)
        : transfer(sockets, options), index(place) {
      SetOption(transfer.easy(), CURLOPT_PRIVATE, this);
    }
    Transfer transfer;
    const std::size_t index;
    std::uint64_t generation = 0;
    Done done;
  };
  struct Ended {
    Done done;
    HttpAnswer answer;
  };

  Call& TakeCall();
  Done Release(Call& call);
  void DeliverLater(Done done, HttpAnswer answer);
  void DeliverEnded();
  void Reap();

  EventLoop& loop_;
  const HttpClientOptions options_;
  MultiHandle multi_;
  CurlSockets sockets_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<Call*> free_;  ///< the last one used is the first to be used again: it is warm
  std::deque<Ended> ended_;
  EventLoop::TimerId deliver_;
  std::size_t in_flight_ = 0;
};

HttpClient::Engine::Engine(EventLoop& loop, HttpClientOptions options)
    : loop_(loop),
      options_(std::move(options)),
      multi_(MakeMultiHandle()),
      sockets_(loop, multi_.get(), [this] { Reap(); }) {
  const long most =
      options_.max_connections > 0 ? options_.max_connections : DefaultMaxConnections();
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, most);
  curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
}

HttpClient::Engine::~Engine() {
  loop_.Cancel(deliver_);
  for (const auto& call : calls_) {
    if (call->done) curl_multi_remove_handle(multi_.get(), call->transfer.easy());
  }
  calls_.clear();
  multi_.reset();  // closes the connections, by way of sockets_
}

HttpClient::Engine::Call& HttpClient::Engine::TakeCall() {
  if (free_.empty()) {
    calls_.push_back(std::make_unique<Call>(sockets_, options_, calls_.size()));
    return *calls_.back();
  }
  Call& call = *free_.back();
  free_.pop_back();
  return call;
}

RequestId HttpClient::Engine::Start(HttpRequest request, const EgressGuard* guard, Done done,
                                    Written written) {
  Call& call = TakeCall();
  const RequestId id{(call.generation << kIndexBits) | call.index};
  ++in_flight_;
  std::optional<std::string> fault =
      call.transfer.Begin(std::move(request), guard, std::move(written));
  call.done = std::move(done);
  if (!fault) {
    const CURLMcode code = curl_multi_add_handle(multi_.get(), call.transfer.easy());
    if (code == CURLM_OK) return id;
    fault = curl_multi_strerror(code);
  }
  HttpAnswer answer = call.transfer.Abandon(FailureClass::kLocal, *fault);
  DeliverLater(Release(call), std::move(answer));
  return id;
}

HttpClient::Done HttpClient::Engine::Release(Call& call) {
  ++call.generation;
  free_.push_back(&call);
  return std::exchange(call.done, nullptr);
}

void HttpClient::Engine::Cancel(RequestId id) {
  const auto number = static_cast<std::uint64_t>(id);
  const std::size_t index = number & ((std::uint64_t{1} << kIndexBits) - 1);
  if (index >= calls_.size()) return;
  Call& call = *calls_[index];
  if (!call.done || call.generation != number >> kIndexBits) return;
  curl_multi_remove_handle(multi_.get(), call.transfer.easy());
  HttpAnswer answer = call.transfer.Abandon(FailureClass::kRelayLost, "cancelled");
  DeliverLater(Release(call), std::move(answer));
}

void HttpClient::Engine::AbandonAll() {
  std::deque<Ended> abandoned = std::exchange(ended_, {});
  for (const auto& call : calls_) {
    if (!call->done) continue;
    curl_multi_remove_handle(multi_.get(), call->transfer.easy());
    HttpAnswer answer = call->transfer.Abandon(FailureClass::kRelayLost, "abandoned at shutdown");
    abandoned.push_back({Release(*call), std::move(answer)});
  }
  for (Ended& ended : abandoned) {
    --in_flight_;
    ended.done(std::move(ended.answer));
  }
}

void HttpClient::Engine::DeliverLater(Done done, HttpAnswer answer) {
  ended_.push_back({std::move(done), std::move(answer)});
  if (deliver_.number != 0) return;
  deliver_ = loop_.RunAt(EventLoop::Clock::now(), [this] { DeliverEnded(); });
}

void HttpClient::Engine::DeliverEnded() {
  deliver_ = {};
  // What these calls end in their turn is delivered by the next timer.
  for (Ended& ended : std::exchange(ended_, {})) {
    --in_flight_;
    ended.done(std::move(ended.answer));
  }
}

void HttpClient::Engine::Reap() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    Call* call = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
    curl_multi_remove_handle(multi_.get(), call->transfer.easy());
    HttpAnswer answer = call->transfer.Finish(code);
    const Done done = Release(*call);
    --in_flight_;
    done(std::move(answer));
  }
}

HttpClient::HttpClient(EventLoop& loop, HttpClientOptions options) {
  RequireCurl();
  engine_ = std::make_unique<Engine>(loop, std::move(options));
}

HttpClient::~HttpClient() = default;

RequestId HttpClient::Start(HttpRequest request, const EgressGuard* guard, Done done,
                            Written written) {
  return engine_->Start(std::move(request), guard, std::move(done), std::move(written));
}

void HttpClient::Cancel(RequestId id) { engine_->Cancel(id); }
void HttpClient::AbandonAll() { engine_->AbandonAll(); }
std::size_t HttpClient::in_flight() const { return engine_->in_flight(); }

}  // namespace postrider
