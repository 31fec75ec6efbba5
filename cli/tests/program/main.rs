//! The program as people use it: started, talked to, ended.

mod broker;
mod demo;
mod harness;
mod inspect;
mod records;
mod scenarios;
mod signals;
mod topics;
