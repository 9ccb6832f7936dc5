/* Loads a SavedModel through TensorFlow's C API, as a server does, and asks it.

   ask_saved_model FOLDER < questions > answers

   All numbers are native int32. Questions: how many; for each, how many inputs, for
   each input: its operation, its output number, how many strings and the strings; then
   how many outputs, for each: its operation and its output number. A name or string is
   its length and its bytes. Answers, for each output: dtype, rank, dimensions, the
   number of bytes and the bytes. Outputs must be numbers or booleans. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

enum { MOST = 8 };

static TF_Status *status;

static void check(int ok, const char *what) {
  if (ok && TF_GetCode(status) == TF_OK) return;
  fprintf(stderr, "%s: %s\n", what, TF_Message(status));
  exit(1);
}

static int read_number(void) {
  int number;
  check(fread(&number, sizeof number, 1, stdin) == 1, "questions end early");
  return number;
}

static char *read_string(int *length) {
  *length = read_number();
  char *bytes = malloc(*length + 1);
  check(fread(bytes, 1, *length, stdin) == (size_t)*length, "questions end early");
  bytes[*length] = 0;
  return bytes;
}

static int read_count(void) {
  int count = read_number();
  check(count >= 0 && count <= MOST, "too many inputs or outputs");
  return count;
}

static TF_Output read_place(TF_Graph *graph) {
  int length;
  char *name = read_string(&length);
  TF_Output place = {TF_GraphOperationByName(graph, name), read_number()};
  check(place.oper != NULL, name);
  free(name);
  return place;
}

static TF_Tensor *read_strings(void) {
  int64_t count = read_number();
  TF_Tensor *tensor =
      TF_AllocateTensor(TF_STRING, &count, 1, count * sizeof(TF_TString));
  TF_TString *strings = TF_TensorData(tensor);
  for (int i = 0; i < count; i++) {
    int length;
    char *bytes = read_string(&length);
    TF_StringInit(&strings[i]);
    TF_StringCopy(&strings[i], bytes, length);
    free(bytes);
  }
  return tensor;
}

static void write_number(int number) { fwrite(&number, sizeof number, 1, stdout); }

static void write_tensor(TF_Tensor *tensor) {
  check(TF_TensorType(tensor) != TF_STRING, "an output of strings");
  write_number(TF_TensorType(tensor));
  write_number(TF_NumDims(tensor));
  for (int i = 0; i < TF_NumDims(tensor); i++) write_number(TF_Dim(tensor, i));
  write_number(TF_TensorByteSize(tensor));
  fwrite(TF_TensorData(tensor), 1, TF_TensorByteSize(tensor), stdout);
  TF_DeleteTensor(tensor);
}

static void answer(TF_Graph *graph, TF_Session *session) {
  TF_Output inputs[MOST], outputs[MOST];
  TF_Tensor *fed[MOST], *fetched[MOST];
  int n = read_count();
  for (int i = 0; i < n; i++) {
    inputs[i] = read_place(graph);
    fed[i] = read_strings();
  }
  int m = read_count();
  for (int i = 0; i < m; i++) outputs[i] = read_place(graph);
  TF_SessionRun(session, NULL, inputs, fed, n, outputs, fetched, m, NULL, 0, NULL,
                status);
  check(1, "run");
  for (int i = 0; i < n; i++) TF_DeleteTensor(fed[i]);
  for (int i = 0; i < m; i++) write_tensor(fetched[i]);
}

int main(int argc, char **argv) {
  status = TF_NewStatus();
  check(argc == 2, "usage: ask_saved_model FOLDER");
  const char *tags[] = {"serve"};
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Session *session = TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1,
                                                     graph, NULL, status);
  check(1, "load");
  for (int left = read_number(); left > 0; left--) answer(graph, session);
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  check(fflush(stdout) == 0, "close");
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
