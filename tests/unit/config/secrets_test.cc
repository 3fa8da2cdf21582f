#include "postrider/config/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "loading.h"

namespace postrider {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A file in a directory of its own, gone at the end.
class SecretFile {
 public:
  SecretFile() {
    std::string name = (std::filesystem::temp_directory_path() / "postrider-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = name;
  }
  ~SecretFile() { std::filesystem::remove_all(directory_); }
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;

  std::string path() const { return (directory_ / "secret").string(); }
  Secret secret() const { return {Secret::Source::kFile, path()}; }

  void Write(const std::string& content) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << content;
  }
  /// As Kubernetes does it: a new file takes the place of the old one.
  void Replace(const std::string& content) const {
    std::ofstream(path() + ".new", std::ios::binary) << content;
    std::filesystem::rename(path() + ".new", path());
  }
  void MakeOld() const {
    std::filesystem::last_write_time(
        path(), std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }

 private:
  std::filesystem::path directory_;
};

std::string MessageOf(SecretReader& reader, const Secret& secret) {
  try {
    return "value: " + reader.Read(secret);
  } catch (const std::runtime_error& fault) {
    return fault.what();
  }
}

TEST(SecretReaderTest, ReadsVariables) {
  SecretReader reader(Variables({{"TOKEN", "t0ps3cret"}, {"EMPTY", ""}}));
  EXPECT_EQ(MessageOf(reader, {Secret::Source::kEnvironment, "TOKEN"}), "value: t0ps3cret");
  EXPECT_EQ(MessageOf(reader, {Secret::Source::kEnvironment, "EMPTY"}),
            "the environment variable EMPTY is empty");
  EXPECT_EQ(MessageOf(reader, {Secret::Source::kEnvironment, "NONE"}),
            "the environment variable NONE is not set");
}

TEST(SecretReaderTest, DropsOneLineBreakAtTheEnd) {
  const SecretFile file;
  SecretReader reader(Variables());
  for (const auto& [content, value] : std::vector<std::pair<std::string, std::string>>{
           {"a b", "a b"}, {"a\n", "a"}, {"a\r\n", "a"}, {"a\n\n", "a\n"}, {" a ", " a "}}) {
    file.Replace(content);
    EXPECT_EQ(reader.Read(file.secret()), value);
  }
}

TEST(SecretReaderTest, ReadsAFileAgainWhenItHasChanged) {
  const SecretFile file;
  SecretReader reader(Variables());
  file.Write("first");
  EXPECT_EQ(reader.Read(file.secret()), "first");
  file.Write("other");  // the same size, within the same moment
  EXPECT_EQ(reader.Read(file.secret()), "other");
  file.MakeOld();
  EXPECT_EQ(reader.Read(file.secret()), "other");
  file.Replace("third");
  EXPECT_EQ(reader.Read(file.secret()), "third");
}

TEST(SecretReaderTest, SaysWhatIsWrongWithAFile) {
  const SecretFile file;
  SecretReader reader(Variables());
  const std::string start = "the secret in the file " + file.path() + " can not be read: ";
  EXPECT_EQ(MessageOf(reader, file.secret()), start + "No such file or directory");
  file.Write("\n");
  EXPECT_EQ(MessageOf(reader, file.secret()), start + "it is empty");
  file.Write(std::string(65537, 'x'));
  EXPECT_EQ(MessageOf(reader, file.secret()), start + "it is larger than 64KB");
  std::filesystem::remove(file.path());
  ASSERT_EQ(mkfifo(file.path().c_str(), 0600), 0);
  EXPECT_EQ(MessageOf(reader, file.secret()), start + "it is not a file");
}

TEST(SecretReaderTest, FailsWhenAFileHasGone) {
  const SecretFile file;
  SecretReader reader(Variables());
  file.Write("first");
  EXPECT_EQ(reader.Read(file.secret()), "first");
  std::filesystem::remove(file.path());
  EXPECT_THROW(reader.Read(file.secret()), std::runtime_error);
}

TEST(SecretReaderTest, IsReadByManyThreads) {
  const SecretFile file;
  file.Write("aaaa");
  SecretReader reader(Variables());
  const SecretResolver resolver = reader.Resolver();
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 200; ++turn) {
        const std::string value = resolver(file.secret());
        EXPECT_TRUE(value == "aaaa" || value == "bb") << value.size();
      }
    });
  }
  for (int turn = 0; turn < 100; ++turn) file.Replace(turn % 2 == 0 ? "bb" : "aaaa");
}

TEST(CheckSecretsTest, ReportsTheMissingOnesWithTheirPositions) {
  const SecretFile file;
  file.Write("two\nlines");
  const std::string yaml =
      "database: {password: {env: PW}}\ndestinations: {d: {topics: [a], http: "
      "{url: 'http://h/', headers: {X-A: {file: " +
      file.path() + "}, X-B: {env: GOOD}}}}}";
  const auto config = Load(yaml);
  ASSERT_EQ(FormatErrors(config.errors), "");
  SecretReader reader(Variables({{"GOOD", "v"}}));
  const std::string errors = FormatErrors(CheckSecrets(config, reader.Resolver()));
  EXPECT_EQ(
      errors,
      "p.yaml:1:22: database.password: the environment variable PW is not set\n"
      "p.yaml:2:73: destinations.d.http.headers.X-A: the secret holds a line break or control "
      "character, allowed in a header: one line\n");
  EXPECT_THAT(errors, Not(HasSubstr("two")));
}

}  // namespace
}  // namespace postrider
