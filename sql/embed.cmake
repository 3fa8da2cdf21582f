# Writes OUTPUT, a C++ source with the text of the SQL files: run as
# cmake -DOUTPUT=scripts.cc -DDIRECTORY=sql "-DFILES=a.sql,b.sql" -P embed.cmake
string(REPLACE "," ";" files "${FILES}")
set(numbered "")
set(roles "")
foreach(file IN LISTS files)
  file(READ "${DIRECTORY}/${file}" text)
  if(file MATCHES "^0*([0-9]+)_(.*)\\.sql$")
    string(APPEND numbered "      {${CMAKE_MATCH_1}, \"${CMAKE_MATCH_2}\", R\"sql(${text})sql\"},\n")
  else()
    set(roles "${text}")
  endif()
endforeach()
file(WRITE "${OUTPUT}" "#include \"postrider/sql/scripts.h\"

namespace postrider::sql {

const std::vector<Script>& Scripts() {
  static const std::vector<Script> scripts{
${numbered}  };
  return scripts;
}

std::string_view RolesScript() {
  return R\"sql(${roles})sql\";
}

}  // namespace postrider::sql
")
