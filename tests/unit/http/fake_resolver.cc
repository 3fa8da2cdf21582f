#include "fake_resolver.h"

#include <dlfcn.h>
#include <netdb.h>

#include <cassert>
#include <chrono>
#include <condition_variable>
#include <optional>
#include <set>

namespace postrider::testing {
namespace {

using GetAddrInfo = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

/// Never destroyed: a query that hangs may end after main.
struct State {
  std::mutex mutex;
  std::condition_variable changed;
  bool alive = false;
  int generation = 0;
  int hanging = 0;
  std::map<std::string, std::vector<std::string>> answers;
  std::set<std::string> hang;
};

State& TheState() {
  static State* const state = new State;
  return *state;
}

int Real(const char* name, const char* service, const addrinfo* hints, addrinfo** result) {
  static const auto real = reinterpret_cast<GetAddrInfo>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(name, service, hints, result);
}

int All(const std::vector<std::string>& addresses, const char* service, const addrinfo* hints,
        addrinfo** result) {
  *result = nullptr;
  addrinfo** tail = result;
  for (const std::string& address : addresses) {
    const int error = Real(address.c_str(), service, hints, tail);
    if (error != 0 && error != EAI_NONAME && error != EAI_ADDRFAMILY) return error;
    while (*tail != nullptr) tail = &(*tail)->ai_next;
  }
  return *result == nullptr ? EAI_NONAME : 0;
}

/// The addresses of a known name. Does not return while the name hangs.
std::optional<std::vector<std::string>> AnswerFor(const std::string& name) {
  State& state = TheState();
  std::unique_lock lock(state.mutex);
  if (!state.alive) return std::nullopt;
  if (state.hang.contains(name)) {
    const int generation = state.generation;
    ++state.hanging;
    state.changed.notify_all();
    state.changed.wait(lock, [&] { return state.generation != generation; });
    return std::vector<std::string>{};
  }
  const auto found = state.answers.find(name);
  if (found == state.answers.end()) return std::nullopt;
  return found->second;
}

}  // namespace

FakeResolver::FakeResolver() {
  const std::lock_guard lock(TheState().mutex);
  assert(!TheState().alive);
  TheState().alive = true;
  TheState().hanging = 0;
}

FakeResolver::~FakeResolver() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.alive = false;
  ++state.generation;
  state.answers.clear();
  state.hang.clear();
  state.changed.notify_all();
}

void FakeResolver::Answer(const std::string& name, std::vector<std::string> addresses) {
  const std::lock_guard lock(TheState().mutex);
  TheState().answers[name] = std::move(addresses);
}

void FakeResolver::Hang(const std::string& name) {
  const std::lock_guard lock(TheState().mutex);
  TheState().hang.insert(name);
}

bool FakeResolver::WaitForQuery() {
  State& state = TheState();
  std::unique_lock lock(state.mutex);
  return state.changed.wait_for(lock, std::chrono::seconds(20), [&] { return state.hanging > 0; });
}

}  // namespace postrider::testing

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using namespace postrider::testing;
  if (name != nullptr) {
    if (const auto answer = AnswerFor(name)) return All(*answer, service, hints, result);
  }
  return Real(name, service, hints, result);
}
