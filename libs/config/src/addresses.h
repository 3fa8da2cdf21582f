#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "postrider/model/settings.h"
#include "scalar_kinds.h"

namespace postrider {

/// What is wrong with an HTTP URL (a template); nullopt: nothing. Does not repeat the URL.
std::optional<std::string> HttpUrlFault(std::string_view url);

/// The URL of a partner.
struct HttpUrlKind {
  void Read(const Value& value, std::string& out) const;
  std::optional<std::string> Show(const std::string& url) const;
  std::string Allowed() const { return "an http or https URL; may hold templates after the host"; }
  std::string Schema() const;
};

/// A libpq URI or keywords. Never repeated in messages.
struct DatabaseUrlKind {
  void Read(const Value& value, std::string& out) const;
  std::optional<std::string> Show(const std::string& url) const;
  std::string Allowed() const;
  std::string Schema() const { return R"({"type": "string"})"; }
};

/// `127.0.0.1:9868`, `[::1]:9868`, `localhost:9868`.
struct ListenKind {
  void Read(const Value& value, ListenAddress& out) const;
  std::optional<std::string> Show(const ListenAddress& address) const;
  std::string Allowed() const;
  std::string Schema() const;
};

/// true, false, or a list of networks.
struct AllowPrivateKind {
  void Read(const Value& value, AllowPrivate& out) const;
  std::optional<std::string> Show(const AllowPrivate& allow) const;
  std::string Allowed() const;
  std::string Schema() const;
};

/// Whether the text is a network such as `10.0.0.0/8` or `fd00::/8`, without bits after the prefix.
bool IsNetwork(std::string_view text);

}  // namespace postrider
