/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETMAN_PLUGIN_PLUGIN_H
#define NETMAN_PLUGIN_PLUGIN_H

/**
 * plugin_main() - The program, for the cf CLI (PORT COMMAND …) or by hand
 * Return: the exit status
 */
int plugin_main(int argc, char **argv);

#endif
