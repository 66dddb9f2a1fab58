# Start of a program in RAM: the stack at its end, variables that begin as 0, main.
    .section .text.start, "ax"
    .globl _start
_start:
    li   sp, SOC_RAM_BYTES
    la   t0, bss_start
    la   t1, bss_end
1:  bgeu t0, t1, 2f
    sw   zero, 0(t0)
    addi t0, t0, 4
    j    1b
2:  call main
3:  j    3b

# void *memcpy(void *to, const void *from, size_t size): compilers call it to copy structures.
    .section .text.memcpy, "ax"
    .globl memcpy
memcpy:
    mv   t0, a0
    add  t1, a0, a2
1:  bgeu t0, t1, 2f
    lbu  t2, 0(a1)
    sb   t2, 0(t0)
    addi a1, a1, 1
    addi t0, t0, 1
    j    1b
2:  ret
