# Installs the checker into an empty folder, and builds the examples with what is there, as a user would. With PYTHON, what
# their pages say is held against what they print.
# cmake -D BUILD=build/release -D SOURCE=docs/examples -D COMPILER=c++ -D FOLDER=an/empty/folder -D PYTHON=python3
#       -P run.cmake
function(run expected)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT status EQUAL expected)
        message(FATAL_ERROR "${ARGN}: exit status ${status}, not ${expected}\n${output}")
    endif()
endfunction()

file(REMOVE_RECURSE ${FOLDER})
run(0 ${CMAKE_COMMAND} --install ${BUILD} --prefix ${FOLDER}/prefix)
# Where it is installed, not where it was built, is where it has to be found.
run(0 ${CMAKE_COMMAND} -S ${SOURCE} -B ${FOLDER}/build -DCMAKE_PREFIX_PATH=${FOLDER}/prefix -DCMAKE_CXX_COMPILER=${COMPILER}
    "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Wconversion -Werror" -DCMAKE_CXX_FLAGS_RELEASE=-O1)
run(0 ${CMAKE_COMMAND} --build ${FOLDER}/build)
run(1 ${FOLDER}/build/first-lock)
run(0 ${FOLDER}/build/first-lock atomic)
foreach(name first-lock lost-wakeup leader-election)
    run(2 ${FOLDER}/build/${name} nonsense)
    if(PYTHON)
        run(0 ${PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/quotes.py ${SOURCE}/${name} ${FOLDER}/build)
    endif()
endforeach()
