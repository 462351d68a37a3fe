# Packs the files below FOLDER into OUTPUT, a line each: "<path> <content in hexadecimal>".
#   cmake -DFOLDER=… -DOUTPUT=… -DFILES=a;b -P pack_files.cmake
set(pack "")
foreach(path IN LISTS FILES)
  file(READ ${FOLDER}/${path} content HEX)
  string(APPEND pack "${path} ${content}\n")
endforeach()
file(WRITE ${OUTPUT} "${pack}")
