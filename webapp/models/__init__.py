"""Bind every table to one metadata: who imports this package can create or migrate the database."""

from sqlmodel import SQLModel

from webapp.models import base as _base  # noqa: F401 - names constraints before the first table is made
from webapp.models.booking.answer import Answer
from webapp.models.booking.appointment import Appointment
from webapp.models.booking.occupancy import Occupancy
from webapp.models.booking.request_key import RequestKey
from webapp.models.calendar.busy_time import BusyTime
from webapp.models.calendar.calendar_entry import CalendarEntry
from webapp.models.calendar.calendar_link import CalendarLink
from webapp.models.event.appointment_field import AppointmentField
from webapp.models.event.event import Event
from webapp.models.event.event_settings import EventSettings
from webapp.models.event.former_address import FormerAddress
from webapp.models.event.resource import Resource
from webapp.models.event.resource_member import ResourceMember
from webapp.models.event.service import Service
from webapp.models.event.slot import Slot
from webapp.models.meeting.account_user import AccountUser
from webapp.models.meeting.budget import HostDay, Pace
from webapp.models.meeting.connection import Connection
from webapp.models.meeting.host import Host
from webapp.models.meeting.meeting import Meeting
from webapp.models.meeting.stray import Stray
from webapp.models.meeting.sweep import Sweep
from webapp.models.meeting.webhook_receipt import WebhookReceipt
from webapp.models.message.message import Message
from webapp.models.message.message_text import MessageText
from webapp.models.people.claim_code import ClaimCode
from webapp.models.people.contact import Contact, Level
from webapp.models.people.feed import Feed
from webapp.models.people.former_school import FormerSchool
from webapp.models.people.grant import Grant
from webapp.models.people.guardian import Guardian
from webapp.models.people.login import Login
from webapp.models.people.logo import Logo
from webapp.models.people.notification_contact import NotificationContact
from webapp.models.people.school import School
from webapp.models.people.sign_in import SignIn
from webapp.models.people.sign_in_code import SignInCode
from webapp.models.people.sign_in_link import SignInLink
from webapp.models.people.student import Student
from webapp.models.roster.class_ import Class
from webapp.models.roster.class_teacher import ClassTeacher
from webapp.models.roster.column_name import ColumnName
from webapp.models.roster.enrolment import Enrolment
from webapp.models.roster.import_run import ImportRun
from webapp.models.system.audit import Audit
from webapp.models.system.installation import Installation
from webapp.models.system.rate import Rate
from webapp.models.system.task import Task

metadata = SQLModel.metadata

__all__ = [
    "AccountUser",
    "Answer",
    "Appointment",
    "AppointmentField",
    "Audit",
    "BusyTime",
    "CalendarEntry",
    "CalendarLink",
    "ClaimCode",
    "Class",
    "ClassTeacher",
    "ColumnName",
    "Connection",
    "Contact",
    "Enrolment",
    "Event",
    "EventSettings",
    "Feed",
    "FormerAddress",
    "FormerSchool",
    "Grant",
    "Guardian",
    "Host",
    "HostDay",
    "ImportRun",
    "Installation",
    "Level",
    "Login",
    "Logo",
    "Meeting",
    "Message",
    "MessageText",
    "NotificationContact",
    "Occupancy",
    "Pace",
    "Rate",
    "RequestKey",
    "Resource",
    "ResourceMember",
    "School",
    "Service",
    "SignIn",
    "SignInCode",
    "SignInLink",
    "Slot",
    "Stray",
    "Student",
    "Sweep",
    "Task",
    "WebhookReceipt",
    "metadata",
]
