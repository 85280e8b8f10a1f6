# Firmware under test on an emulated machine: a boot sector that talks to its first serial port, COM1.
#
# It goes through the session below and writes 16 to the port 0xf4, where the emulator ends with exit code 33. When an
# answer does not come it waits for ever.

        .code16
        .set UART, 0x3f8
        .set EXIT, 0xf4

        .globl _start
_start: xorw %ax, %ax
        movw %ax, %ds
        movw %ax, %ss
        movw $0x7c00, %sp
        cld
        movw $(UART + 3), %dx           # 115200 8N1: the divisor is 1
        movb $0x80, %al
        outb %al, %dx
        movw $UART, %dx
        movb $1, %al
        outb %al, %dx
        incw %dx
        xorb %al, %al
        outb %al, %dx
        movw $(UART + 3), %dx
        movb $0x03, %al
        outb %al, %dx

        movw $session, %si
1:      call expect                     # what the module says, then what the firmware says
        call say
        cmpw $end, %si
        jb 1b
        movw $EXIT, %dx
        movb $16, %al
        outb %al, %dx
2:      hlt
        jmp 2b

say:    movw $(UART + 5), %dx           # wait until the transmitter is empty
        inb %dx, %al
        testb $0x20, %al
        jz say
        lodsb
        testb %al, %al
        jz 3f
        movw $UART, %dx
        outb %al, %dx
        jmp say
3:      ret

expect: movw %si, %di
4:      cmpb $0, (%di)
        je 6f
5:      movw $(UART + 5), %dx           # wait until something has come
        inb %dx, %al
        testb $0x01, %al
        jz 5b
        movw $UART, %dx
        inb %dx, %al
        cmpb (%di), %al
        je 7f
        movw %si, %di                   # from the beginning, with this byte
        cmpb (%di), %al
        jne 4b
7:      incw %di
        jmp 4b
6:      movw %di, %si
        incw %si
        ret

session:
        .asciz "ready\r\n", "ATE0\r\n"
        .asciz "OK\r\n", "AT+CWMODE=1\r\n"
        .asciz "OK\r\n", "AT+CWJAP=\"espressif\",\"1234567890\"\r\n"
        .asciz "OK\r\n", "AT+CIPSTART=\"TCP\",\"192.168.3.102\",8080\r\n"
        .asciz "OK\r\n", "AT+CIPSEND=4\r\n"
        .asciz ">", "ping"
        .asciz "+IPD,4:pong", "AT+CIPCLOSE\r\n"
        .asciz "OK\r\n", ""
end:
        .org 510
        .word 0xaa55
