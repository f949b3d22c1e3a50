/* SPDX-License-Identifier: Apache-2.0 */
/* What cppcheck, which reads no system headers, must know of jansson's macros. */
#define json_array_foreach(a, i, v)  for ((i) = 0, (v) = json_array_get((a), 0); (v); (i)++)
#define json_object_foreach(o, k, v) for ((k) = "", (v) = json_object_get((o), ""); (v);)
#define json_object_foreach_safe(o, n, k, v)                                                       \
        for ((k) = "", (v) = json_object_get((o), ""), (n) = 0; (v);)
