# SPDX-License-Identifier: MIT
# Where each step of the model is: the function that a switch over StepId calls for it, or that says at(StepId::...), in
# model/*.hpp. Prints an initialiser of an array a step: { step, file, line }.
# Members of a class are indented by four spaces, with what comes before the name on the same line.

FNR == 1 {
    file = FILENAME
    sub(/^.*\/model\//, "model/", file)
    waiting = 0
}

# the line after the cases
waiting && !/case StepId::[a-z_]+:/ {
    called = $0
    sub(/^ *(return )?/, "", called)
    if (called ~ /^[a-z_]+\(/) sub(/\(.*/, "", called)
    else called = ""
    for (i = 1; i <= waiting; ++i) handler[file, cases[i]] = called
    waiting = 0
}

match($0, /case StepId::[a-z_]+:/) {
    step = substr($0, RSTART + 13, RLENGTH - 14)
    cases[++waiting] = step
    if (!(step in file_of)) steps[++count] = step
    file_of[step] = file
    line_of[step] = FNR
}

/^    [^ \/].*\(/ {
    name = $0
    sub(/\(.*/, "", name)
    sub(/^.* /, "", name)
    defined[file, name] = member = FNR
}

match($0, /this->at\(StepId::[a-z_]+\)/) {
    step = substr($0, RSTART + 17, RLENGTH - 18)
    if (!(step in file_of)) {
        steps[++count] = step
        file_of[step] = file
        line_of[step] = member
    }
}

END {
    for (i = 1; i <= count; ++i) {
        step = steps[i]
        file = file_of[step]
        name = handler[file, step]
        line = (file, name) in defined ? defined[file, name] : line_of[step]
        printf "Place{bbm::StepId::%s, \"%s\", %d},\n", step, file, line
    }
}
