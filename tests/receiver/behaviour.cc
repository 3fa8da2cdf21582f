#include "receiver/behaviour.h"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace postrider::receiver {
namespace {

using nlohmann::json;

void Apply(const json& command, Behaviour& behaviour) {
  for (const auto& [name, value] : command.items()) {
    if (name == "status") {
      behaviour.status = value.get<int>();
    } else if (name == "delay_ms") {
      behaviour.delay = std::chrono::milliseconds(value.get<std::uint32_t>());
    } else if (name == "hang") {
      behaviour.hang = value.get<bool>();
    } else if (name == "reset") {
      behaviour.reset = value.get<bool>();
    } else if (name == "truncate") {
      behaviour.truncate = value.get<bool>();
    } else if (name == "close") {
      behaviour.close = value.get<bool>();
    } else if (name == "fail_every") {
      behaviour.fail_every = value.get<std::uint64_t>();
    } else if (name == "body") {
      behaviour.body =
          value.is_number() ? std::string(value.get<std::size_t>(), 'x') : value.get<std::string>();
    } else if (name == "headers") {
      behaviour.headers = value.get<std::map<std::string, std::string>>();
    } else {
      throw std::invalid_argument("unknown field '" + name + "'");
    }
  }
}

}  // namespace

int Behaviour::StatusOf(std::uint64_t number) const {
  if (hang || reset) return 0;
  return fail_every > 0 && number % fail_every == 0 ? 503 : status;
}

std::optional<std::string> Behaviour::Change(std::string_view command) {
  Behaviour changed = *this;
  try {
    Apply(json::parse(command), changed);
  } catch (const std::exception& error) {
    return error.what();
  }
  if (changed.status < 200 || changed.status > 999) return "status must be 200 .. 999";
  *this = std::move(changed);
  return std::nullopt;
}

std::string AnswerText(const Behaviour& behaviour, int status) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
  for (const auto& [name, value] : behaviour.headers) text += name + ": " + value + "\r\n";
  if (behaviour.close) text += "Connection: close\r\n";
  const bool has_body = status != 204 && status != 304;
  if (has_body) {
    const std::size_t promised = behaviour.body.size() + (behaviour.truncate ? 1 : 0);
    text += "Content-Length: " + std::to_string(promised) + "\r\n";
  }
  text += "\r\n";
  if (has_body) text += behaviour.body;
  return text;
}

}  // namespace postrider::receiver
