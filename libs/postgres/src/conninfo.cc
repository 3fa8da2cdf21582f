#include "postrider/postgres/conninfo.h"

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <stdexcept>

namespace postrider {
namespace {

std::map<std::string, std::string> Parse(const std::string& url) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &error), &PQconninfoFree);
  if (!options) {
    std::string message = error != nullptr ? error : "out of memory";
    PQfreemem(error);
    while (!message.empty() && message.back() == '\n') message.pop_back();
    throw std::runtime_error("database.url cannot be read: " + message +
                             "; write a URI such as postgresql://user@host/dbname or keywords "
                             "such as host=... dbname=...");
  }
  std::map<std::string, std::string> values;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values[option->keyword] = option->val;
  }
  return values;
}

std::string Escape(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

}  // namespace

std::string MakeConninfo(const DatabaseSettings& settings, const SecretResolver& secrets,
                         const std::string& application_name, ServerKind kind) {
  auto values = Parse(settings.url);
  if (settings.password) values["password"] = secrets(*settings.password);
  values["application_name"] = application_name;
  values["client_encoding"] = "UTF8";
  if (kind == ServerKind::kReadWrite) values["target_session_attrs"] = "read-write";
  values.emplace("connect_timeout", "10");
  values.emplace("keepalives_idle", "10");
  values.emplace("keepalives_interval", "5");
  values.emplace("keepalives_count", "3");
  values.emplace("tcp_user_timeout", "30000");
  std::string conninfo;
  for (const auto& [keyword, value] : values) {
    if (!conninfo.empty()) conninfo += ' ';
    conninfo += keyword + "=" + Escape(value);
  }
  return conninfo;
}

}  // namespace postrider
