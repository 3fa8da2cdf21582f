#pragma once

#include <sys/stat.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "postrider/config/load.h"
#include "postrider/model/secret.h"

namespace postrider {

/// Reads secrets from environment variables and files. A file is read again when its time, size,
/// inode or device has changed, so that a rotated secret is used without a restart; one line break
/// at its end is dropped. Callable from any thread; a call may block on the file system.
class SecretReader {
 public:
  explicit SecretReader(Environment environment);

  /// The present value, never empty. Throws std::runtime_error that names the variable or file and
  /// what is wrong with it (never its content).
  std::string Read(const Secret& secret);

  /// `Read` as a function. The reader must outlive it.
  SecretResolver Resolver();

 private:
  struct CachedFile {
    struct stat identity {};
    std::string value;
    /// Read long enough after the last change: a later change must show in `identity`.
    bool settled = false;
  };

  std::string ReadVariable(const std::string& name) const;
  std::string ReadFile(const std::string& path);

  const Environment environment_;
  std::mutex mutex_;  // guards files_
  std::map<std::string, CachedFile> files_;
};

/// Every secret of the configuration that cannot be had, or that does not fit into the header it
/// is for. Reads them all; sorted by position.
std::vector<ConfigError> CheckSecrets(const LoadedConfig& config, const SecretResolver& resolver);

}  // namespace postrider
