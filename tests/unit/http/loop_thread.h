#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "postrider/http/egress_guard.h"
#include "postrider/http/event_loop.h"
#include "postrider/http/http_client.h"

namespace postrider::testing {

inline constexpr std::chrono::seconds kPatience{30};

/// The loop and its client in a thread of their own, for tests that wait outside of it.
class LoopThread {
 public:
  explicit LoopThread(HttpClientOptions options = {})
      : client_(std::make_unique<HttpClient>(loop_, std::move(options))),
        thread_([this] { loop_.Run(); }) {}
  ~LoopThread() {
    loop_.Stop();
    thread_.join();
  }

  EventLoop& loop() { return loop_; }
  HttpClient& client() { return *client_; }

  /// Runs `task` on the loop and returns what it returns.
  template <typename Task>
  auto On(Task task) {
    std::packaged_task<decltype(task())()> packaged(std::move(task));
    auto result = packaged.get_future();
    loop_.Post([&packaged] { packaged(); });
    return result.get();
  }

  /// Starts a request; the future is set by its `done`, and a second call of it fails the test.
  std::future<HttpAnswer> Send(HttpRequest request, const EgressGuard* guard = nullptr,
                               RequestId* id = nullptr) {
    auto promise = std::make_shared<std::promise<HttpAnswer>>();
    auto calls = std::make_shared<int>(0);
    auto answer = promise->get_future();
    On([&, guard, id] {
      auto started = std::make_shared<bool>(false);
      const RequestId given =
          client_->Start(std::move(request), guard, [promise, calls, started](HttpAnswer got) {
            EXPECT_TRUE(*started) << "done was called inside of Start";
            EXPECT_EQ(++*calls, 1) << "done was called again";
            if (*calls == 1) promise->set_value(std::move(got));
          });
      *started = true;
      if (id != nullptr) *id = given;
    });
    return answer;
  }

  HttpAnswer Fetch(HttpRequest request, const EgressGuard* guard = nullptr) {
    auto answer = Send(std::move(request), guard);
    if (answer.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "no answer in " << kPatience.count() << " s";
      return {};
    }
    return answer.get();
  }

 private:
  EventLoop loop_;
  std::unique_ptr<HttpClient> client_;
  std::thread thread_;
};

inline HttpRequest Post(std::string url, std::string body = "{}") {
  HttpRequest request;
  request.url = std::move(url);
  request.body = std::move(body);
  request.timeout = milliseconds(20000);
  return request;
}

}  // namespace postrider::testing
