# Installs the checker into an empty folder, builds the project in this folder with what is there, and runs it.
# cmake -D BUILD=build/release -D SOURCE=tests/install -D COMPILER=c++ -D FOLDER=an/empty/folder -P run.cmake
function(run expected)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT status EQUAL expected)
        message(FATAL_ERROR "${ARGN}: exit status ${status}, not ${expected}\n${output}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()
function(expect text)
    if(NOT output MATCHES "${text}")
        message(FATAL_ERROR "the output has no \"${text}\":\n${output}")
    endif()
endfunction()

file(REMOVE_RECURSE ${FOLDER})
run(0 ${CMAKE_COMMAND} --install ${BUILD} --prefix ${FOLDER}/prefix)
# Where it is installed, not where it was built, is where it has to be found.
run(0 ${CMAKE_COMMAND} -S ${SOURCE} -B ${FOLDER}/build -DCMAKE_PREFIX_PATH=${FOLDER}/prefix -DCMAKE_CXX_COMPILER=${COMPILER}
    "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Wconversion -Werror" -DCMAKE_BUILD_TYPE=Debug)
run(0 ${CMAKE_COMMAND} --build ${FOLDER}/build)
run(1 ${FOLDER}/build/two_locks)
expect("no-deadlock: violated, 6 states\n  Ada lock_first\n  Ben lock_first\n")
run(0 ${FOLDER}/build/two_locks same-order)
expect("no-deadlock: holds")
