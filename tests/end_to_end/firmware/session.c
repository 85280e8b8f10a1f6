/* Firmware under test as a program: its UART is standard input and output.
 *
 * session HOST PORT EXIT-CODE: joins, opens a connection, sends "ping", takes "pong" and ends with the exit code.
 * Whatever goes wrong is said on standard error, and ends it with 1.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void expect(const char *wanted)
{
    char seen[1024];
    size_t count = 0;
    while (count < sizeof seen - 1 && read(STDIN_FILENO, seen + count, 1) == 1) {
        seen[++count] = 0;
        size_t length = strlen(wanted);
        if (count >= length && strcmp(seen + count - length, wanted) == 0)
            return;
    }
    fprintf(stderr, "no %s\n", wanted);
    exit(1);
}

static void say(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) != (ssize_t)strlen(text))
        exit(1);
}

static void command(const char *line)
{
    say(line);
    say("\r\n");
    expect("\r\nOK\r\n");
}

int main(int count, char **words)
{
    struct termios line;
    char start[100];
    if (count != 4 || tcgetattr(STDIN_FILENO, &line) != 0 || (line.c_lflag & (ECHO | ICANON)) != 0)
        return 1;
    cfsetspeed(&line, B115200);
    tcsetattr(STDIN_FILENO, TCSANOW, &line);
    fprintf(stderr, "firmware: terminal of its own: %s\n", open("/dev/tty", O_RDWR) >= 0 ? "yes" : "no");
    expect("ready\r\n");
    command("ATE0");
    command("AT+CWMODE=1");
    command("AT+CWJAP=\"espressif\",\"1234567890\"");
    snprintf(start, sizeof start, "AT+CIPSTART=\"TCP\",\"%s\",%s", words[1], words[2]);
    command(start);
    say("AT+CIPSEND=4\r\n");
    expect("\r\n>");
    say("ping");
    expect("\r\n+IPD,4:pong");
    return atoi(words[3]);
}
